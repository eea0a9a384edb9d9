/**
 * Commands to a server: encodes each one, and turns its reply into a value or into an error that
 * says what to do.
 */

import {
  type CacheKey,
  describe,
  type ErrorCode,
  isWellFormed,
  UndercroftError,
} from '../base/index.ts'
import {
  type CacheCommandName,
  type DictionaryPair,
  encodeDictionaryPacket,
  MAX_PACKET_SIZE,
  MODIFIER1_CACHE,
  MODIFIER2_MAGIC,
  REFUSAL_REASONS,
  type RefusalReason,
} from '../protocols/uwsgi/index.ts'
import type { RemoteRequest } from './connection.ts'
import { listOf } from './fields.ts'
import type { Pool } from './pool.ts'
import { protocolError, type Reply } from './reply.ts'

export class RemoteCommands {
  readonly #pool: Pool
  readonly #cacheName: string
  readonly #cacheNameBytes: Buffer
  readonly #from: string

  /** @param from - The server's address, for messages. */
  constructor(pool: Pool, cacheName: string, from: string) {
    this.#pool = pool
    this.#cacheName = cacheName
    this.#cacheNameBytes = Buffer.from(cacheName)
    this.#from = from
  }

  /**
   * Sends a command.
   *
   * @returns the reply, or undefined for a miss and for a refusal whose reason is `expected`. A
   * real uWSGI closes without a byte in all these cases.
   */
  async find(
    command: CacheCommandName,
    parts?: RequestParts,
    expected: readonly RefusalReason[] = [],
  ): Promise<Reply | undefined> {
    const reply = await this.#pool.call(encodeRequest(command, this.#cacheNameBytes, parts))
    if (reply === undefined) {
      if (parts?.body?.length === 0) throw emptyValue()
      if (UWSGI_COMMANDS.has(command)) return undefined
      throw this.#refused(command, 'unknown-command')
    }
    return this.#meaningOf(command, reply, expected)
  }

  #meaningOf(
    command: CacheCommandName,
    reply: Reply,
    expected: readonly RefusalReason[],
  ): Reply | undefined {
    if (reply.status === 'ok') return reply
    if (reply.status === 'miss') return undefined
    if (reply.status === undefined) {
      const unknown = reply.fields.get('status')?.toString('latin1')
      throw protocolError(this.#from, `a reply has the status ${unknown}`)
    }
    const text = reply.fields.get('reason')?.toString('latin1')
    const reason = REFUSAL_REASONS.find(known => known === text) ?? 'bad-request'
    if (expected.includes(reason)) return undefined
    throw this.#refused(command, reason)
  }

  /** Sends a command that cannot miss. */
  async require(command: CacheCommandName, parts?: RequestParts): Promise<Reply> {
    const reply = await this.find(command, parts)
    // A uWSGI says so that it does not have the cache.
    if (reply === undefined) throw this.#refused(command, 'unknown-cache')
    return reply
  }

  /** Connects. Only an undercroft server can report that it does not have the cache. */
  async requireCache(): Promise<void> {
    const reply = await this.#pool.call(encodeRequest('caches', NO_NAME))
    if (reply === undefined || this.#meaningOf('caches', reply, []) === undefined) return
    if (this.#cacheName === '') return
    const names = listOf(reply, this.#from).map(String)
    if (names.includes(this.#cacheName)) return
    const what = `the server has no cache "${this.#cacheName}", only ${names.join(', ')}`
    throw new UndercroftError('UNDERCROFT_NO_SUCH_CACHE', `${this.#from}: ${what}`)
  }

  #refused(command: CacheCommandName, reason: keyof typeof REFUSALS): UndercroftError {
    const [code, what] = REFUSALS[reason]
    return new UndercroftError(code, `${this.#from} refused ${command}: ${what}`)
  }
}

const NO_NAME = Buffer.alloc(0)

/** A uWSGI never stores an empty value, so this differs from a full cache. */
function emptyValue(): UndercroftError {
  return new UndercroftError(
    'UNDERCROFT_VALUE_UNSUPPORTED',
    'an empty value cannot be stored at a uWSGI: on its wire it is the same as a miss',
  )
}

/** The commands that a uWSGI knows, so that its silence is an answer. */
const UWSGI_COMMANDS: ReadonlySet<CacheCommandName> = new Set<CacheCommandName>([
  'get',
  'exists',
  'set',
  'update',
  'del',
  'clear',
])

const REFUSALS: Record<
  RefusalReason | 'unknown-command',
  readonly [code: ErrorCode, what: string]
> = {
  exists: ['UNDERCROFT_REMOTE_REFUSED', 'the key exists'],
  full: ['UNDERCROFT_REMOTE_REFUSED', 'the cache is full'],
  'too-large': ['UNDERCROFT_VALUE_TOO_LARGE', 'the value is larger than this cache allows'],
  key: ['UNDERCROFT_KEY_INVALID', 'the key is empty or longer than this cache allows'],
  'unknown-cache': ['UNDERCROFT_NO_SUCH_CACHE', 'it has no cache of this name'],
  'not-a-counter': ['UNDERCROFT_NOT_A_COUNTER', 'the item is not a counter'],
  'out-of-range': [
    'UNDERCROFT_COUNTER_RANGE',
    'the result is beyond Number.MAX_SAFE_INTEGER; the value is unchanged. Pass a bigint',
  ],
  'bad-request': ['UNDERCROFT_REMOTE_REFUSED', 'an argument is not valid'],
  inspect: [
    'UNDERCROFT_REMOTE_REFUSED',
    'only clients on its machine may list keys or verify; set inspect for this address there',
  ],
  'read-only': ['UNDERCROFT_REMOTE_REFUSED', 'the cache is read-only at this address'],
  'unknown-command': [
    'UNDERCROFT_REMOTE_REFUSED',
    'a uWSGI does not know this command; it needs an undercroft server',
  ],
  busy: [
    'UNDERCROFT_REMOTE_REFUSED',
    'the server holds too many large values now; call again later',
  ],
  secret: ['UNDERCROFT_ACCESS_DENIED', 'this address needs a secret; pass it as the option secret'],
}

export interface RequestParts {
  readonly key?: CacheKey
  /** Names that uWSGI's own requests do not have. */
  readonly pairs?: readonly DictionaryPair[]
  readonly body?: Uint8Array
}

/**
 * Encodes the names in the order of uWSGI's own client: cmd, key, size, expires and ours, cache,
 * which is always sent. `keep` asks the server to stay open; a real uWSGI ignores it.
 */
export function encodeRequest(
  command: CacheCommandName,
  cacheName: Uint8Array,
  parts: RequestParts = {},
): RemoteRequest {
  const pairs: DictionaryPair[] = [['cmd', command]]
  if ('key' in parts) pairs.push(['key', keyBytes(parts.key)])
  if (parts.body !== undefined) pairs.push(['size', String(parts.body.length)])
  if (parts.pairs !== undefined) pairs.push(...parts.pairs)
  pairs.push(['cache', cacheName], ['keep', '1'])
  const buffers = encodeDictionaryPacket(MODIFIER1_CACHE, MODIFIER2_MAGIC, pairs, parts.body)
  return { command, buffers, isRead: READS.has(command) }
}

const READS: ReadonlySet<CacheCommandName> = new Set<CacheCommandName>([
  'get',
  'exists',
  'ttl',
  'keys',
  'stats',
  'verify',
  'caches',
])

/** Leaves room for the other names of a request: the whole dictionary must fit a packet. */
const MAX_KEY_SIZE = MAX_PACKET_SIZE - 1024

/** A caller without types may pass anything, undefined included. */
function keyBytes(key: CacheKey | undefined): Uint8Array {
  // UTF-8 has no lone surrogates: two keys that differ only in one would be the same key.
  if (typeof key === 'string' && !isWellFormed(key)) {
    throw invalidKey('be well-formed Unicode', `${describe(key)}, which has a lone surrogate`)
  }
  const bytes = typeof key === 'string' ? Buffer.from(key) : key
  if (!(bytes instanceof Uint8Array)) {
    throw invalidKey('be a string or a Uint8Array', describe(key))
  }
  if (bytes.length > 0 && bytes.length <= MAX_KEY_SIZE) return bytes
  throw invalidKey(`have 1 to ${MAX_KEY_SIZE} bytes to be sent`, String(bytes.length))
}

function invalidKey(rule: string, got: string): UndercroftError {
  return new UndercroftError('UNDERCROFT_KEY_INVALID', `a key must ${rule}; got ${got}`)
}
