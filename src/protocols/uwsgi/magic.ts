/**
 * Requests of modifier2 17: the words, and their reading. Replies are plain dictionaries.
 *
 * uWSGI knows `cmd`, `key`, `cache`, `size`, `expires`; the other names are ours and described in
 * docs/reference/wire-extension.md. A real uWSGI ignores names it does not know.
 */

import type { CounterOperation } from '../../base/index.ts'
import { eachPair } from './dictionary.ts'
import { parseDecimal, parseInt64, ttlMsFromSeconds } from './numbers.ts'
import { WordTable } from './words.ts'

/** The commands of uWSGI, and ours. `set` stores only if absent, and so does `add`. */
export const MAGIC_COMMANDS = [
  'get',
  'exists',
  'set',
  'add',
  'update',
  'replace',
  'del',
  'clear',
  'inc',
  'dec',
  'mul',
  'div',
  'ttl',
  'touch',
  'keys',
  'stats',
  'verify',
  'caches',
] as const

export type MagicCommand = (typeof MAGIC_COMMANDS)[number]

/** Why a command was refused; sent only where the request asked to keep the connection. */
export const REFUSAL_REASONS = [
  'exists',
  'full',
  'too-large',
  'key',
  'unknown-cache',
  'not-a-counter',
  'out-of-range',
  'bad-request',
  'read-only',
  'busy',
  'secret',
] as const

export type RefusalReason = (typeof REFUSAL_REASONS)[number]

/** The value of `only` that changes counters without creating any. */
export const ONLY_PRESENT = 'present'

/** How `ttl` writes that an item never ends. */
export const NEVER_TTL = '-1'

export const DEFAULT_KEYS_LIMIT = 100
export const MAX_KEYS_LIMIT = 1000

export interface MagicRequest {
  /** Undefined: missing, or not one of {@link MAGIC_COMMANDS}. */
  command: MagicCommand | undefined
  /** Empty: the default cache. */
  cacheName: string
  /** Empty: none was given, which is never a key. */
  key: Buffer
  /** Whether the connection is to stay open after the reply. */
  keep: boolean
  /** Bytes after the packet; 0: none. Undefined: not a number, so where they end is unknown. */
  bodySize: number | undefined
  /** From `ttl`, else from `expires`. Undefined: the cache's default. */
  ttlMs: number | undefined
  /** What `expires` said; used when there is no `ttl`. */
  expiresMs: number | undefined
  /** What the body is, by its name; not checked here. Undefined: bytes. */
  type: string | undefined
  by: bigint | undefined
  /** Undefined: the cache's default. */
  initial: bigint | undefined
  /** Counters: do nothing where there is no item. */
  onlyPresent: boolean
  /** A result that a JavaScript number cannot hold is refused. */
  isSafe: boolean
  cursor: number
  limit: number
  /** Some number was not one. The size of the body is known all the same. */
  hasBadNumber: boolean
}

/**
 * The request whose dictionary is in these bytes; the last of a name wins. Undefined: it is
 * malformed, and nothing of it counts.
 */
export function parseMagicRequest(
  bytes: Buffer,
  start = 0,
  end = bytes.length,
): MagicRequest | undefined {
  const request: MagicRequest = {
    command: undefined,
    cacheName: '',
    key: NO_KEY,
    keep: false,
    bodySize: 0,
    ttlMs: undefined,
    expiresMs: undefined,
    type: undefined,
    by: undefined,
    initial: undefined,
    onlyPresent: false,
    isSafe: false,
    cursor: 0,
    limit: DEFAULT_KEYS_LIMIT,
    hasBadNumber: false,
  }
  const isWhole = eachPair(bytes, start, end, (nameStart, nameEnd, valueStart, valueEnd) => {
    READERS.find(bytes, nameStart, nameEnd)?.(request, bytes, valueStart, valueEnd)
  })
  if (!isWhole) return undefined
  request.ttlMs ??= request.expiresMs
  return request
}

export function isCounterOperation(command: MagicCommand): command is CounterOperation {
  return command === 'inc' || command === 'dec' || command === 'mul' || command === 'div'
}

const NO_KEY = Buffer.alloc(0)
const YES = 0x31

const COMMANDS = new WordTable(MAGIC_COMMANDS.map(command => [command, command] as const))

/** Takes the value between two offsets: a view of it would cost 100 ns, more than reading it. */
type Reader = (request: MagicRequest, bytes: Buffer, start: number, end: number) => void

/** What each name sets. Names that are not here are ignored, as uWSGI does. */
const READERS = new WordTable<Reader>([
  ['cmd', (request, bytes, start, end) => (request.command = COMMANDS.find(bytes, start, end))],
  ['key', (request, bytes, start, end) => (request.key = bytes.subarray(start, end))],
  ['cache', (request, bytes, start, end) => (request.cacheName = cacheName(bytes, start, end))],
  ['size', (request, bytes, start, end) => (request.bodySize = parseDecimal(bytes, start, end))],
  ['keep', (request, bytes, start, end) => (request.keep = isYes(bytes, start, end))],
  ['safe', (request, bytes, start, end) => (request.isSafe = isYes(bytes, start, end))],
  [
    'expires',
    ofValue((request, value) => (request.expiresMs = required(request, parseExpires(value)))),
  ],
  ['ttl', ofValue((request, value) => (request.ttlMs = required(request, parseTtl(value))))],
  ['type', ofValue((request, value) => (request.type = value.toString('latin1')))],
  ['by', ofValue((request, value) => (request.by = required(request, parseInt64(value))))],
  [
    'initial',
    ofValue((request, value) => (request.initial = required(request, parseInt64(value)))),
  ],
  [
    'only',
    ofValue(
      (request, value) => (request.onlyPresent = required(request, parseOnly(value)) ?? false),
    ),
  ],
  [
    'cursor',
    ofValue((request, value) => (request.cursor = required(request, parseDecimal(value)) ?? 0)),
  ],
  [
    'limit',
    ofValue((request, value) => (request.limit = required(request, parseLimit(value)) ?? 0)),
  ],
])

/** For names that are not in every request. */
function ofValue(read: (request: MagicRequest, value: Buffer) => void): Reader {
  return (request, bytes, start, end) => read(request, bytes.subarray(start, end))
}

/** Most requests name the cache that the one before named, which is not made text again. */
let lastName = { bytes: NO_KEY, text: '' }

function cacheName(bytes: Buffer, start: number, end: number): string {
  const { bytes: known, text } = lastName
  if (known.length === end - start && known.compare(bytes, start, end) === 0) return text
  const own = Buffer.from(bytes.subarray(start, end))
  lastName = { bytes: own, text: own.toString() }
  return lastName.text
}

function isYes(bytes: Buffer, start: number, end: number): boolean {
  return end - start === 1 && bytes[start] === YES
}

function required<T>(request: MagicRequest, parsed: T | undefined): T | undefined {
  if (parsed === undefined) request.hasBadNumber = true
  return parsed
}

function parseExpires(value: Buffer): number | undefined {
  const seconds = parseDecimal(value)
  return seconds === undefined ? undefined : ttlMsFromSeconds(seconds)
}

function parseTtl(value: Buffer): number | undefined {
  return value.toString('latin1') === NEVER_TTL ? Number.POSITIVE_INFINITY : parseDecimal(value)
}

function parseOnly(value: Buffer): true | undefined {
  return value.toString('latin1') === ONLY_PRESENT ? true : undefined
}

function parseLimit(value: Buffer): number | undefined {
  const limit = parseDecimal(value)
  return limit === undefined || limit < 1 || limit > MAX_KEYS_LIMIT ? undefined : limit
}
