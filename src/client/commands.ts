/**
 * Asking a server: one command out, and what its reply means, as a value or as an error that says
 * what to do.
 */

import { type ErrorCode, UndercroftError } from '../base/index.ts'
import { type MagicCommand, REFUSAL_REASONS, type RefusalReason } from '../protocols/uwsgi/index.ts'
import { listOf } from './fields.ts'
import type { Pool } from './pool.ts'
import { protocolError, type Reply } from './reply.ts'
import { encodeRequest, type RequestParts } from './request.ts'

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
   * The reply; undefined: a miss, or refused for one of the reasons that are `expected`, or a real
   * uWSGI closed without a word, which from it means any of these.
   */
  async find(
    command: MagicCommand,
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
    command: MagicCommand,
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

  /** The reply of a command that cannot miss. */
  async require(command: MagicCommand, parts?: RequestParts): Promise<Reply> {
    const reply = await this.find(command, parts)
    // From a uWSGI, where this is how it says that it has no such cache.
    if (reply === undefined) throw this.#refused(command, 'unknown-cache')
    return reply
  }

  /** Makes a connection. Only an undercroft server can say that it does not have the cache. */
  async requireCache(): Promise<void> {
    const reply = await this.#pool.call(encodeRequest('caches', NO_NAME))
    if (reply === undefined || this.#meaningOf('caches', reply, []) === undefined) return
    if (this.#cacheName === '') return
    const names = listOf(reply, this.#from).map(String)
    if (names.includes(this.#cacheName)) return
    const what = `there is no cache "${this.#cacheName}", only ${names.join(', ')}`
    throw new UndercroftError('UNDERCROFT_NO_SUCH_CACHE', `${this.#from}: ${what}`)
  }

  #refused(command: MagicCommand, reason: keyof typeof REFUSALS): UndercroftError {
    const [code, what] = REFUSALS[reason]
    return new UndercroftError(code, `${this.#from} refused ${command}: ${what}`)
  }
}

const NO_NAME = Buffer.alloc(0)

/** A uWSGI refuses it for good, so that this is no case of "full". */
function emptyValue(): UndercroftError {
  return new UndercroftError(
    'UNDERCROFT_VALUE_UNSUPPORTED',
    'an empty value cannot be stored at a uWSGI: on its wire it is the same as a miss',
  )
}

/** Sent as uWSGI knows them, so that its silence is an answer. */
const UWSGI_COMMANDS: ReadonlySet<MagicCommand> = new Set<MagicCommand>([
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
  'too-large': ['UNDERCROFT_VALUE_TOO_LARGE', 'the value is larger than this cache takes'],
  key: ['UNDERCROFT_KEY_INVALID', 'the key is empty or longer than this cache takes'],
  'unknown-cache': ['UNDERCROFT_NO_SUCH_CACHE', 'it has no cache of this name'],
  'not-a-counter': ['UNDERCROFT_NOT_A_COUNTER', 'the item is not a counter'],
  'out-of-range': [
    'UNDERCROFT_COUNTER_RANGE',
    'the result is beyond Number.MAX_SAFE_INTEGER; the value is unchanged. Give a bigint',
  ],
  'bad-request': ['UNDERCROFT_REMOTE_REFUSED', 'an argument is not valid'],
  'read-only': ['UNDERCROFT_REMOTE_REFUSED', 'it is read-only at this address'],
  'unknown-command': [
    'UNDERCROFT_REMOTE_REFUSED',
    'a uWSGI does not know this command; it needs an undercroft server there',
  ],
  busy: ['UNDERCROFT_REMOTE_REFUSED', 'it holds too many large values now; call again later'],
  secret: ['UNDERCROFT_ACCESS_DENIED', 'it asks for a secret; give it as the option secret'],
}
