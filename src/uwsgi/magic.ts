/**
 * Requests of modifier2 17: the words, and their reading. Replies are plain dictionaries.
 *
 * uWSGI knows `cmd`, `key`, `cache`, `size`, `expires`; the other names are ours and described in
 * docs/reference/wire-extension.md. A real uWSGI ignores names it does not know.
 */

import type { CounterOperation } from '../base/index.ts'
import { parseDictionary } from './dictionary.ts'
import { parseDecimal, parseInt64, ttlMsFromSeconds } from './numbers.ts'

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

/** Undefined: the dictionary is malformed, and nothing of it counts. The last of a name wins. */
export function parseMagicRequest(payload: Buffer): MagicRequest | undefined {
  const { pairs, complete } = parseDictionary(payload)
  if (!complete) return undefined
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
  for (const [name, value] of pairs) READERS.get(name)?.(request, value)
  request.ttlMs ??= request.expiresMs
  return request
}

export function isCounterOperation(command: MagicCommand): command is CounterOperation {
  return command === 'inc' || command === 'dec' || command === 'mul' || command === 'div'
}

const NO_KEY = Buffer.alloc(0)

const KNOWN_COMMANDS: ReadonlyMap<string, MagicCommand> = new Map(
  MAGIC_COMMANDS.map(command => [command, command]),
)

type Reader = (request: MagicRequest, value: Buffer) => void

/** What each name sets. Names that are not here are ignored, as uWSGI does. */
const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['cmd', (request, value) => (request.command = KNOWN_COMMANDS.get(value.toString('latin1')))],
  ['key', (request, value) => (request.key = value)],
  ['cache', (request, value) => (request.cacheName = value.toString('utf8'))],
  ['keep', (request, value) => (request.keep = value.toString('latin1') === '1')],
  ['size', (request, value) => (request.bodySize = parseDecimal(value))],
  ['expires', (request, value) => (request.expiresMs = required(request, parseExpires(value)))],
  ['ttl', (request, value) => (request.ttlMs = required(request, parseTtl(value)))],
  ['type', (request, value) => (request.type = value.toString('latin1'))],
  ['safe', (request, value) => (request.isSafe = value.toString('latin1') === '1')],
  ['by', (request, value) => (request.by = required(request, parseInt64(value)))],
  ['initial', (request, value) => (request.initial = required(request, parseInt64(value)))],
  [
    'only',
    (request, value) => (request.onlyPresent = required(request, parseOnly(value)) ?? false),
  ],
  ['cursor', (request, value) => (request.cursor = required(request, parseDecimal(value)) ?? 0)],
  ['limit', (request, value) => (request.limit = required(request, parseLimit(value)) ?? 0)],
])

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
