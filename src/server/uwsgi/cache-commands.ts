/**
 * Cache commands (modifier2 17) on the caches of a server: from a parsed command to an outcome, and
 * from an outcome to bytes.
 *
 * Without `keep` a failure is sent as no bytes, as in uWSGI. With `keep` a reply spells it out.
 */

import {
  type ByteCache,
  type CounterOperation,
  type ErrorCode,
  systemClock,
  UndercroftError,
} from '../../base/index.ts'
import { findTypeName } from '../../codecs/index.ts'
import {
  type CacheCommand,
  type CacheCommandName,
  type CacheNames,
  cacheNameTable,
  type DictionaryPair,
  encodeByteList,
  encodeDictionaryPacket,
  isCounterOperation,
  MODIFIER1_CACHE,
  MODIFIER2_MAGIC,
  NEVER_TTL,
  type RefusalReason,
  unixSeconds,
} from '../../protocols/uwsgi/index.ts'
import { Inspections, segmentPairs } from './inspection.ts'

/** The caches of a server, by name. The first is the default. */
export class CacheSet {
  /** Undefined: the server has no cache. */
  readonly default: ByteCache | undefined
  /** The names as {@link parseCacheCommand} wants them. */
  readonly names: CacheNames
  readonly inspections = new Inspections()
  readonly #byName: ReadonlyMap<string, ByteCache>

  constructor(caches: readonly ByteCache[]) {
    this.default = caches[0]
    this.#byName = new Map(caches.map(cache => [cache.name, cache]))
    this.names = cacheNameTable([...this.#byName.keys()])
    if (this.#byName.size !== caches.length) {
      const names = caches.map(cache => cache.name).join(', ')
      throw new UndercroftError(
        'UNDERCROFT_OPTION_INVALID',
        `the caches of a server need different names; got ${names}`,
      )
    }
  }

  /** An empty name is the default cache. */
  find(name: string): ByteCache | undefined {
    return name === '' ? this.default : this.#byName.get(name)
  }

  list(): string[] {
    return [...this.#byName.keys()]
  }
}

export interface CommandContext {
  readonly caches: CacheSet
  readonly readOnly: boolean
}

export type Outcome =
  | { readonly kind: 'ok'; readonly pairs: readonly DictionaryPair[]; readonly body?: Uint8Array }
  | { readonly kind: 'miss' }
  | { readonly kind: 'refused'; readonly reason: RefusalReason }

export function refused(reason: RefusalReason): Outcome {
  return { kind: 'refused', reason }
}

export function takesBody(name: CacheCommandName | undefined): boolean {
  return name !== undefined && STORING.has(name)
}

/** @returns the outcome that is known before the body has come; undefined: run the command. */
export function checkCommand(command: CacheCommand, context: CommandContext): Outcome | undefined {
  const { name, bodySize } = command
  if (name === undefined || bodySize === undefined || command.hasBadNumber) {
    return refused('bad-request')
  }
  if (context.readOnly && CHANGING.has(name)) return refused('read-only')
  const cache = context.caches.find(command.cacheName)
  if (cache === undefined) return refused('unknown-cache')
  if (KEYED.has(name) && !isStorableKey(cache, command.key)) {
    return CREATING.has(name) ? refused('key') : MISS
  }
  // A client that names the type is not a uWSGI, and can tell an empty value from a miss.
  const isEmptyValue = bodySize === 0 && command.type !== undefined
  if (takesBody(name) && !isEmptyValue && !isStorableValue(cache, bodySize)) {
    return refused(bodySize === 0 ? 'bad-request' : 'too-large')
  }
  return undefined
}

/** Runs a command that {@link checkCommand} let pass. */
export function runCommand(command: CacheCommand, body: Buffer, context: CommandContext): Outcome {
  const cache = context.caches.find(command.cacheName)
  if (cache === undefined || command.name === undefined) return refused('bad-request')
  try {
    return run(command.name, command, body, cache, context)
  } catch (error) {
    const reason = refusalReasonOf(error)
    if (reason === undefined) throw error
    return refused(reason)
  }
}

export function isStorableKey(cache: ByteCache, key: Buffer): boolean {
  return key.length > 0 && key.length <= cache.maxKeySize
}

/** uWSGI's clients cannot tell an empty value from a miss, so it is refused as uWSGI does. */
export function isStorableValue(cache: ByteCache, size: number): boolean {
  return size > 0 && size <= cache.maxValueSize
}

/** @returns the mistake of the client, or undefined when the failure is not the client's. */
export function refusalReasonOf(error: unknown): RefusalReason | undefined {
  return error instanceof UndercroftError ? REASONS.get(error.code) : undefined
}

export interface ReplyManner {
  /** The client asked to keep the connection. */
  readonly explicit: boolean
  /** The connection does stay open. */
  readonly stays: boolean
  /** A larger body is not sent now, because the server is busy. */
  readonly maxBodySize: number
}

/** @returns the buffers to send; none for a failure that is not spelled out. */
export function encodeOutcome(given: Outcome, manner: ReplyManner): readonly Uint8Array[] {
  const isTooLarge = given.kind === 'ok' && (given.body?.length ?? 0) > manner.maxBodySize
  const outcome = isTooLarge ? refused('busy') : given
  if (outcome.kind !== 'ok' && !manner.explicit) return []
  const pairs: DictionaryPair[] = [['status', outcome.kind]]
  if (outcome.kind === 'ok') pairs.push(...outcome.pairs)
  else if (outcome.kind === 'refused') pairs.push(['reason', outcome.reason])
  if (manner.stays) pairs.push(['keep', '1'])
  const body = outcome.kind === 'ok' ? outcome.body : undefined
  return encodeDictionaryPacket(MODIFIER1_CACHE, MODIFIER2_MAGIC, pairs, body)
}

const REASONS: ReadonlyMap<ErrorCode, RefusalReason> = new Map([
  ['UNDERCROFT_KEY_INVALID', 'key'],
  ['UNDERCROFT_VALUE_TOO_LARGE', 'too-large'],
  ['UNDERCROFT_NOT_A_COUNTER', 'not-a-counter'],
  ['UNDERCROFT_COUNTER_RANGE', 'out-of-range'],
  ['UNDERCROFT_VALUE_UNSUPPORTED', 'bad-request'],
  ['UNDERCROFT_OPTION_INVALID', 'bad-request'],
])

const OK: Outcome = { kind: 'ok', pairs: [] }
const MISS: Outcome = { kind: 'miss' }

/** The commands with a value, and the mode in which each stores it. */
const STORING: ReadonlyMap<CacheCommandName, 'set' | 'add' | 'replace'> = new Map([
  ['set', 'add'],
  ['add', 'add'],
  ['update', 'set'],
  ['replace', 'replace'],
])

/** Commands that can create an item. For these a bad key is an error, not a miss. */
const CREATING: ReadonlySet<CacheCommandName> = new Set<CacheCommandName>([
  ...STORING.keys(),
  'inc',
  'dec',
  'mul',
  'div',
])

const CHANGING: ReadonlySet<CacheCommandName> = new Set([...CREATING, 'del', 'clear', 'touch'])

const KEYED: ReadonlySet<CacheCommandName> = new Set([
  ...CREATING,
  'get',
  'exists',
  'del',
  'touch',
  'ttl',
])

function run(
  name: CacheCommandName,
  command: CacheCommand,
  body: Buffer,
  cache: ByteCache,
  context: CommandContext,
): Outcome {
  if (isCounterOperation(name)) return runCounter(name, command, cache)
  switch (name) {
    case 'get':
      return runGet(command, cache)
    case 'exists':
      return cache.has(command.key) ? OK : MISS
    case 'set':
    case 'add':
    case 'update':
    case 'replace':
      return runStore(command, body, cache)
    case 'del':
      return cache.delete(command.key) ? OK : MISS
    case 'clear':
      return runClear(command, cache)
    case 'touch':
      return runTouch(command, cache)
    case 'ttl':
      return runTtl(command, cache)
    case 'keys':
      return runKeys(command, cache)
    case 'stats':
    case 'verify':
      return withBody([], Buffer.from(JSON.stringify(cache[name]())))
    case 'segment': {
      const pairs = segmentPairs(cache)
      return pairs === undefined ? MISS : { kind: 'ok', pairs }
    }
    case 'caches':
      return withBody([], encodeByteList(context.caches.list().map(name => Buffer.from(name))))
  }
}

function runGet(command: CacheCommand, cache: ByteCache): Outcome {
  const item = cache.getItem(command.key)
  if (item === undefined) return MISS
  const pairs: DictionaryPair[] = [['size', String(item.bytes.length)]]
  if (item.expiresAtMs !== 0) {
    pairs.push(['expires', String(unixSeconds(item.expiresAtMs))])
    // With the time left, the client computes the moment from its own clock alone.
    if (command.keep) pairs.push(['ttl', formatTtl(item.expiresAtMs - systemClock.nowMs())])
  }
  if (command.keep && item.type !== undefined && item.type !== 'bytes')
    pairs.push(['type', item.type])
  return { kind: 'ok', pairs, body: item.bytes }
}

function runStore(command: CacheCommand, body: Buffer, cache: ByteCache): Outcome {
  const type = findTypeName(command.type ?? 'bytes')
  const mode = command.name && STORING.get(command.name)
  if (type === undefined || mode === undefined) return refused('bad-request')
  const value = { bytes: body, type }
  if (cache.setItem(command.key, value, { ...ttlOptions(command), mode })) return OK
  if (mode === 'set') return refused('full')
  const isThere = cache.has(command.key)
  if (mode === 'add') return refused(isThere ? 'exists' : 'full')
  return isThere ? refused('full') : MISS
}

/** uWSGI's clients do not know `count`, so only clients that keep the connection get it. */
function runClear(command: CacheCommand, cache: ByteCache): Outcome {
  const count = cache.clear()
  return command.keep ? { kind: 'ok', pairs: [['count', String(count)]] } : OK
}

function runTouch(command: CacheCommand, cache: ByteCache): Outcome {
  if (command.ttlMs === undefined) return refused('bad-request')
  return cache.touch(command.key, command.ttlMs) ? OK : MISS
}

function runTtl(command: CacheCommand, cache: ByteCache): Outcome {
  const ttlMs = cache.ttlMs(command.key)
  return ttlMs === undefined ? MISS : { kind: 'ok', pairs: [['ttl', formatTtl(ttlMs)]] }
}

function runCounter(name: CounterOperation, command: CacheCommand, cache: ByteCache): Outcome {
  const by = command.by ?? (name === 'inc' || name === 'dec' ? 1n : 2n)
  const { initial, onlyPresent, isSafe } = command
  const start = initial === undefined ? {} : { initial }
  const options = { ...ttlOptions(command), ...start, onlyPresent, safe: isSafe }
  const value = cache.count(command.key, name, by, options)
  // A change of an existing counter takes no room, so with `only` the cache cannot be full.
  if (value === undefined) return onlyPresent ? MISS : refused('full')
  return { kind: 'ok', pairs: [['value', String(BigInt.asIntN(64, value))]] }
}

function runKeys(command: CacheCommand, cache: ByteCache): Outcome {
  const { keys, next } = cache.keyPage(command.cursor, command.limit)
  return withBody([['next', String(next)]], encodeByteList(keys))
}

function withBody(pairs: readonly DictionaryPair[], body: Buffer): Outcome {
  return { kind: 'ok', pairs: [['size', String(body.length)], ...pairs], body }
}

function ttlOptions(command: CacheCommand): { readonly ttlMs?: number } {
  return command.ttlMs === undefined ? {} : { ttlMs: command.ttlMs }
}

function formatTtl(ttlMs: number): string {
  return ttlMs === Number.POSITIVE_INFINITY ? NEVER_TTL : String(Math.max(0, Math.ceil(ttlMs)))
}
