/**
 * Requests as a remote cache sends them, and one call waiting for its reply.
 */

import { type CacheKey, UndercroftError } from '../base/index.ts'
import {
  type DictionaryPair,
  encodeDictionaryPacket,
  MAX_PACKET_SIZE,
  type MagicCommand,
  MODIFIER1_CACHE,
  MODIFIER2_MAGIC,
} from '../protocols/uwsgi/index.ts'
import type { Reply } from './reply.ts'

export interface RequestParts {
  readonly key?: CacheKey
  /** Names beside those of uWSGI's own requests. */
  readonly pairs?: readonly DictionaryPair[]
  readonly body?: Uint8Array
}

export interface RemoteRequest {
  readonly command: MagicCommand
  readonly buffers: readonly Uint8Array[]
  /** It changes nothing, so sending it a second time does no harm. */
  readonly isRead: boolean
}

/**
 * The names in the order of uWSGI's own client: cmd, key, size, expires and ours, cache, which is
 * always there. `keep` asks the server to stay open; a real uWSGI ignores it.
 */
export function encodeRequest(
  command: MagicCommand,
  cacheName: Uint8Array,
  parts: RequestParts = {},
): RemoteRequest {
  const pairs: DictionaryPair[] = [['cmd', command]]
  if (parts.key !== undefined) pairs.push(['key', keyBytes(parts.key)])
  if (parts.body !== undefined) pairs.push(['size', String(parts.body.length)])
  if (parts.pairs !== undefined) pairs.push(...parts.pairs)
  pairs.push(['cache', cacheName], ['keep', '1'])
  const buffers = encodeDictionaryPacket(MODIFIER1_CACHE, MODIFIER2_MAGIC, pairs, parts.body)
  return { command, buffers, isRead: READS.has(command) }
}

/** One call: what to send, and whom to tell. */
export interface Call {
  readonly request: RemoteRequest
  /** Undefined: the server closed without a byte, which is how uWSGI says no. */
  resolve(reply: Reply | undefined): void
  reject(error: Error): void
  /** It was sent once on a connection that then died, and may not be sent a third time. */
  isRetried: boolean
}

const READS: ReadonlySet<MagicCommand> = new Set<MagicCommand>([
  'get',
  'exists',
  'ttl',
  'keys',
  'stats',
  'verify',
  'caches',
])

/** Room for the other names of a request; the whole dictionary must fit a packet. */
const MAX_KEY_SIZE = MAX_PACKET_SIZE - 1024

function keyBytes(key: CacheKey): Uint8Array {
  const bytes = typeof key === 'string' ? Buffer.from(key) : key
  if (bytes.length > 0 && bytes.length <= MAX_KEY_SIZE) return bytes
  throw new UndercroftError(
    'UNDERCROFT_KEY_INVALID',
    `a key must have 1 to ${MAX_KEY_SIZE} bytes to be sent; got ${bytes.length}`,
  )
}
