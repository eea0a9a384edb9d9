/**
 * Actions that answer from a cache, or look into one.
 *
 * uWSGI 2.0.21, plugins/router_cache/router_cache.c.
 */

import type { StoredItem } from '../../base/index.ts'
import { ActionArguments, type ArgumentNames } from './action-arguments.ts'
import { toByteText, toKey } from './byte-text.ts'
import { compileCacheName } from './cache-name.ts'
import type { Exchange } from './exchange.ts'
import { httpDate } from './expansions.ts'
import type { Flow } from './flow.ts'
import { requireHeaderValue } from './header-text.ts'
import { type Act, type ActionKind, type RuleContext, RuleError } from './rule.ts'
import { CHAIN_NAMES } from './rule-text.ts'
import { compileArgument } from './template.ts'

export const CACHE_ACTIONS: Readonly<Record<string, ActionKind>> = {
  cache: { chains: ['request'], compile: (text, context) => compileCache(text, context, false) },
  'cache-continue': {
    chains: ['request'],
    compile: (text, context) => compileCache(text, context, true),
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
  // Without meaning: headers always go first here (spec/known-faults F52).
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

/** Answers with the value under a key; a miss is no answer. */
function compileCache(text: string, context: RuleContext, isContinuing: boolean): Act {
  const given = new ActionArguments('invalid route syntax', text, CACHE_NAMES)
  const message = 'invalid route syntax: you need to specify a cache key'
  const key = given.requireTemplate('key', message)
  const findCache = compileCacheName(given.text('name'), compileArgument, context)
  const isForAnyMethod = given.flag('any_method')
  const answer = compileAnswer(given, context)
  const flow = (exchange: Exchange, keyText: string, item: StoredItem | null): Flow => {
    if (item === null) return 'next'
    return answer(exchange, keyText, item) && isContinuing ? 'next' : 'break'
  }
  return exchange => {
    if (!isForAnyMethod && !isRead(exchange.variable('REQUEST_METHOD'))) return 'next'
    const keyText = key.expand(exchange)
    const cache = findCache(exchange)
    const itemKey = toKey(keyText)
    const found = cache.item(itemKey)
    if (found instanceof Promise) return found.then(item => flow(exchange, keyText, item))
    if (found === null && !isContinuing) {
      exchange.missed ??= []
      exchange.missed.push({
        isThere: () => cache.exists(itemKey) === true,
        ask: () => {
          const item = cache.item(itemKey)
          return item instanceof Promise ? 'next' : flow(exchange, keyText, item)
        },
      })
    }
    return flow(exchange, keyText, found)
  }
}

/** Makes an item the reply; false: another one has been begun. */
function compileAnswer(
  given: ActionArguments,
  { world }: RuleContext,
): (exchange: Exchange, key: string, item: StoredItem) => boolean {
  const contentType = headerParameter(given, 'content_type') ?? 'text/html'
  const encoding = headerParameter(given, 'content_encoding') ?? ''
  const usesMime = given.flag('mime')
  const hasLength = !given.flag('no_content_length')
  return (exchange, key, { bytes, expiresAtMs }) => {
    const type = usesMime ? world.mimeTypes.find(key) : undefined
    const headers = ['Content-Type', type ?? contentType]
    if (encoding !== '') headers.push('Content-Encoding', encoding)
    if (expiresAtMs !== 0) headers.push('Expires', httpDate(expiresAtMs))
    return exchange.placeReply({
      statusCode: 200,
      headers,
      hasLength,
      body: [bytes],
      isBegun: true,
    })
  }
}

function headerParameter(given: ActionArguments, name: string): string | undefined {
  const text = given.text(name)
  return text === undefined ? undefined : requireHeaderValue(name, toByteText(text))
}

/** uWSGI ignores the method, and so answers a POST with the page of a GET (F47). */
function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD'
}

/** Makes a value a variable of the request; a miss changes nothing. */
function compileCacheVariable(text: string, context: RuleContext): Act {
  const given = new ActionArguments('invalid route syntax', text, CACHE_VARIABLE_NAMES)
  const message = 'invalid route syntax: you need to specify a cache key and a request var'
  const key = given.requireTemplate('key', message)
  const name = given.text('var')
  if (name === undefined) throw new RuleError(message)
  const variable = toByteText(name)
  const isNumber = given.flag('as_num')
  const findCache = compileCacheName(given.text('name'), compileArgument, context)
  const use = (exchange: Exchange, item: StoredItem | null): Flow => {
    if (item !== null) {
      const value = isNumber ? decimalOf(item) : item.bytes.toString('latin1')
      exchange.setVariable(variable, value)
    }
    return 'next'
  }
  return exchange => {
    const found = findCache(exchange).item(toKey(key.expand(exchange)))
    return found instanceof Promise ? found.then(item => use(exchange, item)) : use(exchange, found)
  }
}

const COUNTER_SIZE = 8

/** A counter in decimal, and nothing after it (F43); 0 for what has not the size of one. */
function decimalOf({ bytes }: StoredItem): string {
  return bytes.length === COUNTER_SIZE ? String(bytes.readBigInt64LE()) : '0'
}
