/**
 * Actions that answer from a cache, or read from one.
 *
 * uWSGI 2.0.21, plugins/router_cache/router_cache.c.
 */

import { COUNTER_SIZE, NEVER, type StoredItem } from '../../base/index.ts'
import { formatHttpDate } from '../../http-message/index.ts'
import { ActionArguments, type ArgumentNames } from './action-arguments.ts'
import { toByteText, toKey } from './byte-text.ts'
import { compileCacheName } from './cache-name.ts'
import { requireHeaderValue } from './header-text.ts'
import { type Action, type ActionKind, RuleError, type RuleScope } from './rule.ts'
import type { ActionResult, RuleContext } from './rule-context.ts'
import { CHAIN_NAMES } from './rule-text.ts'
import { compileArgument } from './template.ts'

export const CACHE_ACTIONS: Readonly<Record<string, ActionKind>> = {
  cache: { chains: ['request'], compile: (text, scope) => compileCache(text, scope, false) },
  'cache-continue': {
    chains: ['request'],
    compile: (text, scope) => compileCache(text, scope, true),
  },
  cachevar: { chains: CHAIN_NAMES, compile: compileCacheVariable },
}

const CACHE_NAMES: ArgumentNames = {
  key: 'key',
  name: 'name',
  content_type: 'content_type',
  mime: 'mime',
  content_encoding: 'content_encoding',
  no_content_length: 'no_content_length',
  no_cl: 'no_content_length',
  nocl: 'no_content_length',
  // Without effect: headers always go first here (docs/reference/uwsgi-faults.md, F52).
  no_offload: 'no_offload',
  any_method: 'any_method',
}

const CACHE_VARIABLE_NAMES: ArgumentNames = {
  key: 'key',
  var: 'var',
  name: 'name',
  num: 'as_num',
  as_num: 'as_num',
}

/** Answers with the value under a key; after a miss the next rule runs. */
function compileCache(text: string, scope: RuleScope, isContinuing: boolean): Action {
  const given = new ActionArguments('invalid route syntax', text, CACHE_NAMES)
  const message = 'invalid route syntax: you need to specify a cache key'
  const key = given.requireTemplate('key', message)
  const findCache = compileCacheName(given.text('name'), compileArgument, scope)
  const isForAnyMethod = given.flag('any_method')
  const { typeOf, answer } = compileAnswer(given, scope)
  scope.cacheUses.addServing({ cacheName: given.text('name'), keyText: key.text }, typeOf)
  const result = (context: RuleContext, keyText: string, item: StoredItem | null): ActionResult => {
    if (item === null) return 'next'
    return answer(context, keyText, item) && isContinuing ? 'next' : 'break'
  }
  return context => {
    if (!isForAnyMethod && !isRead(context.variable('REQUEST_METHOD'))) return 'next'
    const keyText = key.expand(context)
    const cache = findCache(context)
    const itemKey = toKey(keyText)
    const found = cache.item(itemKey)
    if (found instanceof Promise) return found.then(item => result(context, keyText, item))
    if (found === null && !isContinuing) {
      context.missed ??= []
      context.missed.push({
        isThere: () => cache.exists(itemKey) === true,
        ask: () => {
          const item = cache.item(itemKey)
          return item instanceof Promise ? 'next' : result(context, keyText, item)
        },
      })
    }
    return result(context, keyText, found)
  }
}

/** How a rule `cache` answers. */
interface CacheAnswer {
  readonly typeOf: (key: string) => string
  /** @returns false if another reply has been begun */
  readonly answer: (context: RuleContext, key: string, item: StoredItem) => boolean
}

function compileAnswer(given: ActionArguments, { deps }: RuleScope): CacheAnswer {
  const contentType = headerParameter(given, 'content_type') ?? 'text/html'
  const encoding = headerParameter(given, 'content_encoding') ?? ''
  const usesMime = given.flag('mime')
  const hasLength = !given.flag('no_content_length')
  const typeOf = (key: string) => (usesMime ? deps.mimeTypes.find(key) : undefined) ?? contentType
  const answer: CacheAnswer['answer'] = (context, key, { bytes, expiresAtMs }) => {
    const headers = ['Content-Type', typeOf(key)]
    if (encoding !== '') headers.push('Content-Encoding', encoding)
    if (expiresAtMs !== NEVER) headers.push('Expires', formatHttpDate(expiresAtMs))
    return context.placeReply({
      statusCode: 200,
      headers,
      hasLength,
      body: [bytes],
      isBegun: true,
    })
  }
  return { typeOf, answer }
}

function headerParameter(given: ActionArguments, name: string): string | undefined {
  const text = given.text(name)
  return text === undefined ? undefined : requireHeaderValue(name, toByteText(text))
}

/** uWSGI ignores the method and answers a POST with the page of a GET (F47). */
function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD'
}

/** Makes a value a variable of the request; a miss has no effect. */
function compileCacheVariable(text: string, scope: RuleScope): Action {
  const given = new ActionArguments('invalid route syntax', text, CACHE_VARIABLE_NAMES)
  const message = 'invalid route syntax: you need to specify a cache key and a request var'
  const key = given.requireTemplate('key', message)
  const name = given.text('var')
  if (name === undefined) throw new RuleError(message)
  const variable = toByteText(name)
  const isNumber = given.flag('as_num')
  const findCache = compileCacheName(given.text('name'), compileArgument, scope)
  const use = (context: RuleContext, item: StoredItem | null): ActionResult => {
    if (item !== null) {
      const value = isNumber ? decimalOf(item) : item.bytes.toString('latin1')
      context.setVariable(variable, value)
    }
    return 'next'
  }
  return context => {
    const found = findCache(context).item(toKey(key.expand(context)))
    return found instanceof Promise ? found.then(item => use(context, item)) : use(context, found)
  }
}

/** A counter in decimal without trailing bytes (F43); 0 for a value of another size. */
function decimalOf({ bytes }: StoredItem): string {
  return bytes.length === COUNTER_SIZE ? String(bytes.readBigInt64LE()) : '0'
}
