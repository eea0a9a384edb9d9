/**
 * Actions that put something into a cache: the response, a text, a number.
 *
 * uWSGI 2.0.21, plugins/router_cache/router_cache.c.
 */

import type { CounterOperation } from '../../base/index.ts'
import { ActionArguments, type ArgumentNames } from './action-arguments.ts'
import { toKey, toPlainText, toValue } from './byte-text.ts'
import { compileCacheName } from './cache-name.ts'
import type { Exchange } from './exchange.ts'
import type { Flow, StoreTurn } from './flow.ts'
import { leadingInteger } from './leading-integer.ts'
import type { ResponseHead } from './response-sink.ts'
import { type Act, type ActionKind, type RuleContext, RuleError, whenKnown } from './rule.ts'
import { CHAIN_NAMES, type ChainName } from './rule-text.ts'
import { isLikelyStorable, isStorable, type StorePolicy } from './storable.ts'
import { StoreSink } from './store-sink.ts'
import { takeTurn } from './store-turn.ts'
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

/** Variables that name a user: a key with one of them keeps the users' answers apart. */
const USER_VARIABLES = ['REMOTE_USER', 'HTTP_AUTHORIZATION']

/** Stores the body of the application's answer, once it is complete. */
function compileStore(text: string, context: RuleContext): Act {
  const prefix = 'invalid cachestore route syntax'
  const given = new ActionArguments(prefix, text, STORE_NAMES)
  const key = given.requireTemplate('key', `${prefix}: you need to specify a cache key`)
  const gzipKey = given.template('gzip')
  const value = given.template('value')
  const findCache = compileCacheName(given.text('name'), compileArgument, context)
  const ttlMs = given.ttlMs()
  const extraStatus = given.integer('status', 100, 999)
  const policy: StorePolicy = {
    statusCodes: extraStatus === undefined ? [200] : [200, extraStatus],
    isForced: given.flag('force'),
    isForAnyMethod: given.flag('any_method'),
    isForOneUser: key.variableNames.some(name => USER_VARIABLES.includes(name)),
  }
  const takesTurns = given.flag('lock')
  if (takesTurns && context.chain !== 'request') {
    throw new RuleError(`${prefix}: lock is only for rules before the application is asked`)
  }
  const wants = (head: ResponseHead) => isStorable(head, policy)
  return exchange => {
    const order = {
      cache: findCache(exchange),
      key: toKey(key.expand(exchange)),
      gzipKey: gzipKey && toKey(gzipKey.expand(exchange)),
      value: value && toValue(value.expand(exchange)),
      ttlMs,
      wants,
      log: (line: string) => context.world.host.log(line),
    }
    const store = (turn?: StoreTurn): Flow => {
      exchange.addSink(new StoreSink({ ...order, turn }))
      return 'next'
    }
    if (!takesTurns || !mayTakeTurn(exchange, policy)) return store()
    const answered = takeTurn(exchange, order.cache, order.key)
    return answered === undefined ? store() : answered.then(flow => flow ?? store(exchange.turn))
  }
}

/** One turn a request, and none for what is not likely to be stored. */
function mayTakeTurn(exchange: Exchange, policy: StorePolicy): boolean {
  if (exchange.turn !== undefined) return false
  const method = exchange.variable('REQUEST_METHOD')
  const hasAuthorization = exchange.variable('HTTP_AUTHORIZATION') !== ''
  return isLikelyStorable({ method, hasAuthorization }, policy)
}

/** Stores a text only if there is none. uWSGI ends the request when that is refused (F42). */
function compileSet(text: string, context: RuleContext): Act {
  const prefix = 'invalid cacheset route syntax'
  const message = `${prefix}: you need to specify a cache key and a value`
  const given = new ActionArguments(prefix, text, VALUE_NAMES)
  const key = given.requireTemplate('key', message)
  const value = given.requireTemplate('value', message)
  const findCache = compileCacheName(given.text('name'), compileArgument, context)
  const ttlMs = given.ttlMs()
  return exchange => {
    const filled = value.expand(exchange)
    // An empty value is none in uWSGI: a reader could not tell it from a miss.
    if (filled === '') return 'next'
    const request = { value: toValue(filled), mode: 'add' as const, ttlMs }
    const outcome = findCache(exchange).store(toKey(key.expand(exchange)), request)
    return whenKnown(outcome, () => 'next' as const)
  }
}

function mathKind(operation: CounterOperation, fallback: bigint): ActionKind {
  return {
    chains: CHAIN_NAMES,
    compile: (text, context) => compileMath(text, context, operation, fallback),
  }
}

function compileMath(
  text: string,
  context: RuleContext,
  operation: CounterOperation,
  fallback: bigint,
): Act {
  const prefix = 'invalid cachemath route syntax'
  const given = new ActionArguments(prefix, text, VALUE_NAMES)
  const key = given.requireTemplate('key', `${prefix}: you need to specify a cache key`)
  const value = given.template('value')
  const findCache = compileCacheName(given.text('name'), compileArgument, context)
  const ttlMs = given.ttlMs()
  const { world } = context
  return exchange => {
    const by = value === undefined ? fallback : leadingInteger(value.expand(exchange))
    const keyText = key.expand(exchange)
    const outcome = findCache(exchange).count(toKey(keyText), operation, by, ttlMs)
    return whenKnown(outcome, isDone => {
      if (isDone === true) return 'next' as const
      // The request ends here, as in uWSGI, which does not say why.
      world.host.log(`[uwsgi-route] cache${operation} of ${toPlainText(keyText)} was refused`)
      return 'break' as const
    })
  }
}
