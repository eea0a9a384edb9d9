/**
 * Actions that write to a cache: the response, a string, a number.
 *
 * uWSGI 2.0.21, plugins/router_cache/router_cache.c.
 */

import type { CounterOperation } from '../../base/index.ts'
import { ActionArguments, type ArgumentNames } from './action-arguments.ts'
import { leadingInteger, toKey, toPlainText, toValue } from './byte-text.ts'
import { compileCacheName } from './cache-name.ts'
import { type CacheUse, mediaTypeOf } from './cache-uses.ts'
import type { ResponseHead } from './response-sink.ts'
import { type Action, type ActionKind, RuleError, type RuleScope, whenKnown } from './rule.ts'
import type { ActionResult, RuleContext, StoreLease } from './rule-context.ts'
import { CHAIN_NAMES, type ChainName } from './rule-text.ts'
import { isLikelyStorable, isStorable, type StorePolicy, StoreSink } from './store-sink.ts'
import { compileArgument } from './template.ts'

const BEFORE_BODY: readonly ChainName[] = ['request', 'response']

export const STORE_ACTIONS: Readonly<Record<string, ActionKind>> = {
  cachestore: { chains: BEFORE_BODY, compile: compileStore },
  'cache-store': { chains: BEFORE_BODY, compile: compileStore },
  cacheset: { chains: CHAIN_NAMES, compile: compileSet },
  cacheinc: mathKind('inc', 1n),
  cachedec: mathKind('dec', 1n),
  cachemul: mathKind('mul', 2n),
  cachediv: mathKind('div', 2n),
}

const STORE_NAMES: ArgumentNames = {
  key: 'key',
  name: 'name',
  expires: 'expires',
  gzip: 'gzip',
  value: 'value',
  status: 'status',
  code: 'status',
  force: 'force',
  any_method: 'any_method',
  lock: 'lock',
}

const VALUE_NAMES: ArgumentNames = { key: 'key', value: 'value', name: 'name', expires: 'expires' }

/** Variables that name a user: a key with one of them separates the responses of users. */
const USER_VARIABLES = ['REMOTE_USER', 'HTTP_AUTHORIZATION']

/** Whether a variable contains cookies of the request. */
function namesCookie(name: string): boolean {
  return name === 'HTTP_COOKIE' || name.startsWith('cookie[')
}

/** Stores the body of the application's response once it is complete. */
function compileStore(text: string, scope: RuleScope): Action {
  const prefix = 'invalid cachestore route syntax'
  const given = new ActionArguments(prefix, text, STORE_NAMES)
  const key = given.requireTemplate('key', `${prefix}: you need to specify a cache key`)
  const gzipKey = given.template('gzip')
  const value = given.template('value')
  const findCache = compileCacheName(given.text('name'), compileArgument, scope)
  const ttlMs = given.ttlMs()
  const extraStatus = given.integer('status', 100, 999)
  const policy: StorePolicy = {
    statusCodes: extraStatus === undefined ? [200] : [200, extraStatus],
    isForced: given.flag('force'),
    isForAnyMethod: given.flag('any_method'),
    isForOneUser: key.variableNames.some(name => USER_VARIABLES.includes(name)),
    isForOneSession: key.variableNames.some(namesCookie),
  }
  const usesLease = given.flag('lock')
  if (usesLease && scope.chain !== 'request') {
    throw new RuleError(`${prefix}: lock is only for rules before the application is asked`)
  }
  const { deps } = scope
  const isServed = compileServed(scope, { cacheName: given.text('name'), keyText: key.text })
  const isBodyKept = value === undefined && !policy.isForced
  const log = (line: string) => deps.log(line)
  return context => {
    const keyText = key.expand(context)
    const wants = (head: ResponseHead) =>
      isStorable(head, policy) && (!isBodyKept || isServed(keyText, head.contentType))
    const order = {
      cache: findCache(context),
      key: toKey(keyText),
      gzipKey: gzipKey && toKey(gzipKey.expand(context)),
      value: value && toValue(value.expand(context)),
      ttlMs,
      wants,
      isForced: policy.isForced,
      log,
    }
    const store = (lease?: StoreLease): ActionResult => {
      context.addSink(new StoreSink({ ...order, lease }))
      return 'next'
    }
    if (!usesLease || !mayWait(context, policy)) return store()
    const answered = deps.leases.acquireOrWait(context, order.cache, order.key)
    return answered === undefined
      ? store()
      : answered.then(result => result ?? store(context.lease))
  }
}

/** Compiles the check that a body is later served with the type that the response has. */
function compileServed(
  { cacheUses, deps }: RuleScope,
  use: CacheUse,
): (key: string, contentType: string) => boolean {
  cacheUses.addStoring(use)
  return (key, contentType) => {
    const type = mediaTypeOf(contentType)
    if (type === '') return true
    const served = cacheUses.typesFor(use, key)
    if (served.length === 0 || served.includes(type)) return true
    deps.logOnce(
      `type ${type} in ${use.keyText}`,
      `[uwsgi-route] cachestore: a response of type ${JSON.stringify(type)} is not stored, ` +
        `because a cache rule serves it as ${served.join(' or ')}; ` +
        'give that rule content_type, or force=1',
    )
    return false
  }
}

/** A request waits once, and not for a response that is unlikely to be stored. */
function mayWait(context: RuleContext, policy: StorePolicy): boolean {
  if (context.lease !== undefined) return false
  const method = context.variable('REQUEST_METHOD')
  const hasAuthorization = context.variable('HTTP_AUTHORIZATION') !== ''
  return isLikelyStorable({ method, hasAuthorization }, policy)
}

/** Stores a string if the key is absent. In uWSGI a refusal ends the request (F42). */
function compileSet(text: string, scope: RuleScope): Action {
  const prefix = 'invalid cacheset route syntax'
  const message = `${prefix}: you need to specify a cache key and a value`
  const given = new ActionArguments(prefix, text, VALUE_NAMES)
  const key = given.requireTemplate('key', message)
  const value = given.requireTemplate('value', message)
  const findCache = compileCacheName(given.text('name'), compileArgument, scope)
  const ttlMs = given.ttlMs()
  return context => {
    const filled = value.expand(context)
    // uWSGI does not store an empty value: a reader could not tell it from a miss.
    if (filled === '') return 'next'
    const request = { value: toValue(filled), mode: 'add' as const, ttlMs }
    const outcome = findCache(context).store(toKey(key.expand(context)), request)
    return whenKnown(outcome, () => 'next' as const)
  }
}

function mathKind(operation: CounterOperation, fallback: bigint): ActionKind {
  return {
    chains: CHAIN_NAMES,
    compile: (text, scope) => compileMath(text, scope, operation, fallback),
  }
}

function compileMath(
  text: string,
  scope: RuleScope,
  operation: CounterOperation,
  fallback: bigint,
): Action {
  const prefix = 'invalid cachemath route syntax'
  const given = new ActionArguments(prefix, text, VALUE_NAMES)
  const key = given.requireTemplate('key', `${prefix}: you need to specify a cache key`)
  const value = given.template('value')
  const findCache = compileCacheName(given.text('name'), compileArgument, scope)
  const ttlMs = given.ttlMs()
  const { deps } = scope
  return context => {
    const by = value === undefined ? fallback : leadingInteger(value.expand(context))
    const keyText = key.expand(context)
    const outcome = findCache(context).count(toKey(keyText), operation, by, ttlMs)
    return whenKnown(outcome, isDone => {
      if (isDone === true) return 'next' as const
      // The request ends here as in uWSGI, which does not log the reason.
      deps.log(`[uwsgi-route] cache${operation} of ${toPlainText(keyText)} was refused`)
      return 'break' as const
    })
  }
}
