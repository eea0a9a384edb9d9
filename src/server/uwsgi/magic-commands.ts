/**
 * The commands of modifier2 17: uWSGI's and ours, from a parsed request to an outcome.
 *
 * How an outcome is sent, and whether a failure is sent at all, is decided in magic-reply.ts.
 */

import { type ByteCache, NEVER, systemClock } from '../../base/index.ts'
import {
  type DictionaryPair,
  encodeByteList,
  isCounterOperation,
  type MagicCommand,
  type MagicRequest,
  NEVER_TTL,
  type RefusalReason,
  unixSeconds,
} from '../../protocols/uwsgi/index.ts'
import type { CacheSet } from './cache-set.ts'
import { encodedValue, isStorableKey, isStorableValue, refusalReasonOf } from './checks.ts'

export type Outcome =
  | { readonly kind: 'ok'; readonly pairs: readonly DictionaryPair[]; readonly body?: Uint8Array }
  | { readonly kind: 'miss' }
  | { readonly kind: 'refused'; readonly reason: RefusalReason }

export interface MagicContext {
  readonly caches: CacheSet
  readonly readOnly: boolean
}

export function refused(reason: RefusalReason): Outcome {
  return { kind: 'refused', reason }
}

export function takesBody(command: MagicCommand | undefined): boolean {
  return command !== undefined && STORING.has(command)
}

/** What can be said before the body has come; undefined: go on. */
export function checkRequest(request: MagicRequest, context: MagicContext): Outcome | undefined {
  const { command, bodySize } = request
  if (command === undefined || bodySize === undefined || request.hasBadNumber) {
    return refused('bad-request')
  }
  if (context.readOnly && CHANGING.has(command)) return refused('read-only')
  const cache = context.caches.find(request.cacheName)
  if (cache === undefined) return refused('unknown-cache')
  if (KEYED.has(command) && !isStorableKey(cache, request.key)) {
    return CREATING.has(command) ? refused('key') : MISS
  }
  // Whoever names the type is no uWSGI, and can tell an empty value from a miss.
  const isEmptyValue = bodySize === 0 && request.type !== undefined
  if (takesBody(command) && !isEmptyValue && !isStorableValue(cache, bodySize)) {
    return refused(bodySize === 0 ? 'bad-request' : 'too-large')
  }
  return undefined
}

/** Runs a request that {@link checkRequest} let pass. */
export function runRequest(request: MagicRequest, body: Buffer, context: MagicContext): Outcome {
  const cache = context.caches.find(request.cacheName)
  if (cache === undefined || request.command === undefined) return refused('bad-request')
  try {
    return run(request.command, request, body, cache, context)
  } catch (error) {
    const reason = refusalReasonOf(error)
    if (reason === undefined) throw error
    return refused(reason)
  }
}

const OK: Outcome = { kind: 'ok', pairs: [] }
const MISS: Outcome = { kind: 'miss' }

/** The commands with a value, and how each stores it. */
const STORING: ReadonlyMap<MagicCommand, 'set' | 'add' | 'replace'> = new Map([
  ['set', 'add'],
  ['add', 'add'],
  ['update', 'set'],
  ['replace', 'replace'],
])

/** Commands that can bring an item into being: for these a bad key is an error, not a miss. */
const CREATING: ReadonlySet<MagicCommand> = new Set<MagicCommand>([
  ...STORING.keys(),
  'inc',
  'dec',
  'mul',
  'div',
])

const CHANGING: ReadonlySet<MagicCommand> = new Set([...CREATING, 'del', 'clear', 'touch'])

const KEYED: ReadonlySet<MagicCommand> = new Set([
  ...CREATING,
  'get',
  'exists',
  'del',
  'touch',
  'ttl',
])

function run(
  command: MagicCommand,
  request: MagicRequest,
  body: Buffer,
  cache: ByteCache,
  context: MagicContext,
): Outcome {
  if (isCounterOperation(command)) return runCounter(command, request, cache)
  switch (command) {
    case 'get':
      return runGet(request, cache)
    case 'exists':
      return cache.has(request.key) ? OK : MISS
    case 'set':
    case 'add':
    case 'update':
    case 'replace':
      return runStore(command, request, body, cache)
    case 'del':
      return cache.delete(request.key) ? OK : MISS
    case 'clear':
      return runClear(request, cache)
    case 'touch':
      return runTouch(request, cache)
    case 'ttl':
      return runTtl(request, cache)
    case 'keys':
      return runKeys(request, cache)
    case 'stats':
      return withBody([], Buffer.from(JSON.stringify(cache.stats())))
    case 'verify':
      return withBody([], Buffer.from(JSON.stringify(cache.verify())))
    case 'caches':
      return withBody([], encodeByteList(context.caches.names().map(name => Buffer.from(name))))
  }
}

function runGet(request: MagicRequest, cache: ByteCache): Outcome {
  const item = cache.getItem(request.key)
  if (item === undefined) return MISS
  const pairs: DictionaryPair[] = [['size', String(item.bytes.length)]]
  if (item.expiresAtMs !== NEVER) {
    pairs.push(['expires', String(unixSeconds(item.expiresAtMs))])
    // Only the local clocks of both ends are needed to make a moment of a duration again.
    if (request.keep) pairs.push(['ttl', formatTtl(item.expiresAtMs - systemClock.nowMs())])
  }
  if (request.keep && item.type !== undefined && item.type !== 'bytes')
    pairs.push(['type', item.type])
  return { kind: 'ok', pairs, body: item.bytes }
}

function runStore(
  command: MagicCommand,
  request: MagicRequest,
  body: Buffer,
  cache: ByteCache,
): Outcome {
  const value = encodedValue(body, request.type)
  if (value === undefined) return refused('bad-request')
  const mode = STORING.get(command) ?? 'set'
  if (cache.setItem(request.key, value, { ...ttlOptions(request), mode })) return OK
  if (mode === 'set') return refused('full')
  const isThere = cache.has(request.key)
  if (mode === 'add') return refused(isThere ? 'exists' : 'full')
  return isThere ? refused('full') : MISS
}

/** uWSGI's clients know no `count`, so only ours are told. */
function runClear(request: MagicRequest, cache: ByteCache): Outcome {
  const count = cache.clear()
  return request.keep ? { kind: 'ok', pairs: [['count', String(count)]] } : OK
}

function runTouch(request: MagicRequest, cache: ByteCache): Outcome {
  if (request.ttlMs === undefined) return refused('bad-request')
  return cache.touch(request.key, request.ttlMs) ? OK : MISS
}

function runTtl(request: MagicRequest, cache: ByteCache): Outcome {
  const ttlMs = cache.ttlMs(request.key)
  return ttlMs === undefined ? MISS : { kind: 'ok', pairs: [['ttl', formatTtl(ttlMs)]] }
}

function runCounter(
  command: 'inc' | 'dec' | 'mul' | 'div',
  request: MagicRequest,
  cache: ByteCache,
): Outcome {
  const by = request.by ?? (command === 'inc' || command === 'dec' ? 1n : 2n)
  const { initial, onlyPresent, isSafe } = request
  const start = initial === undefined ? {} : { initial }
  const options = { ...ttlOptions(request), ...start, onlyPresent, safe: isSafe }
  const value = cache.count(request.key, command, by, options)
  // Changing a counter that is there takes no room, so with `only` the cache cannot be full.
  if (value === undefined) return onlyPresent ? MISS : refused('full')
  return { kind: 'ok', pairs: [['value', String(BigInt.asIntN(64, value))]] }
}

function runKeys(request: MagicRequest, cache: ByteCache): Outcome {
  const { keys, next } = cache.keyPage(request.cursor, request.limit)
  return withBody([['next', String(next)]], encodeByteList(keys))
}

function withBody(pairs: readonly DictionaryPair[], body: Buffer): Outcome {
  return { kind: 'ok', pairs: [['size', String(body.length)], ...pairs], body }
}

function ttlOptions(request: MagicRequest): { readonly ttlMs?: number } {
  return request.ttlMs === undefined ? {} : { ttlMs: request.ttlMs }
}

function formatTtl(ttlMs: number): string {
  return ttlMs === Number.POSITIVE_INFINITY ? NEVER_TTL : String(Math.max(0, Math.ceil(ttlMs)))
}
