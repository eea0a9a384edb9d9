/**
 * Cache commands: the dictionaries of modifier2 17 and their words. Replies are plain dictionaries.
 *
 * uWSGI knows `cmd`, `key`, `cache`, `size`, `expires`. The other names are ours, described in
 * docs/reference/wire-extension.md. A real uWSGI ignores names it does not know.
 */

import type { CounterOperation } from '../../base/index.ts'
import { parseDecimal, parseInt64, ttlMsFromSeconds } from './numbers.ts'
import { eachPair, WordTable } from './packet.ts'

/** The commands of uWSGI, and ours. `set` stores only if absent, as `add` does. */
export const CACHE_COMMAND_NAMES = [
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
  'segment',
] as const

export type CacheCommandName = (typeof CACHE_COMMAND_NAMES)[number]

/** Why a command was refused. Sent only to a client that asked to keep the connection. */
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
  'inspect',
  'busy',
  'secret',
] as const

export type RefusalReason = (typeof REFUSAL_REASONS)[number]

/** The value of `only` that changes counters without creating any. */
export const ONLY_PRESENT = 'present'

/** The `ttl` of an item that never ends. */
export const NEVER_TTL = '-1'

export const DEFAULT_KEYS_LIMIT = 100
export const MAX_KEYS_LIMIT = 1000

/** One command of modifier2 17, with all that its dictionary says. */
export interface CacheCommand {
  /** Undefined: missing, or not one of {@link CACHE_COMMAND_NAMES}. */
  name: CacheCommandName | undefined
  /** Empty: the default cache. */
  cacheName: string
  /** Empty: the packet has no key. An empty key is never valid. */
  key: Buffer
  /** Whether the client asks to keep the connection open after the reply. */
  keep: boolean
  /** Bytes after the packet. Undefined: the size is not a number, so the end is unknown. */
  bodySize: number | undefined
  /** From `ttl`, else from `expires`. Undefined: the cache's default. */
  ttlMs: number | undefined
  /** From `expires`; used when there is no `ttl`. */
  expiresMs: number | undefined
  /** The name of the body's type, not checked here. Undefined: bytes. */
  type: string | undefined
  by: bigint | undefined
  /** Undefined: the cache's default. */
  initial: bigint | undefined
  /** For counters: do nothing where there is no item. */
  onlyPresent: boolean
  /** Refuse a result that a JavaScript number cannot hold. */
  isSafe: boolean
  cursor: number
  limit: number
  /** A field that must be a number is not one. The size of the body can still be known. */
  hasBadNumber: boolean
}

/** Names of caches to the same names as strings, so that a command makes no string of its own. */
export type CacheNames = WordTable<string>

/** The table for {@link parseCacheCommand}. */
export function cacheNameTable(names: readonly string[]): CacheNames {
  // The table compares bytes, and a packet holds UTF-8.
  return new WordTable(names.map(name => [Buffer.from(name).toString('latin1'), name] as const))
}

/**
 * Parses the command whose dictionary is in these bytes. Of two pairs with one name the last wins.
 *
 * @param names - The caches that requests usually name.
 * @returns undefined for a malformed dictionary, none of whose pairs count.
 */
export function parseCacheCommand(
  bytes: Buffer,
  start = 0,
  end = bytes.length,
  names?: CacheNames,
): CacheCommand | undefined {
  const command: ParsedCommand = {
    names,
    name: undefined,
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
    READERS.find(bytes, nameStart, nameEnd)?.(command, bytes, valueStart, valueEnd)
  })
  if (!isWhole) return undefined
  command.ttlMs ??= command.expiresMs
  return command
}

export function isCounterOperation(name: CacheCommandName): name is CounterOperation {
  return name === 'inc' || name === 'dec' || name === 'mul' || name === 'div'
}

interface ParsedCommand extends CacheCommand {
  readonly names: CacheNames | undefined
}

const NO_KEY = Buffer.alloc(0)
const YES = 0x31

const COMMANDS = new WordTable(CACHE_COMMAND_NAMES.map(name => [name, name] as const))

/** Reads the value between two offsets. A view of it would cost 100 ns, more than reading it. */
type Reader = (command: ParsedCommand, bytes: Buffer, start: number, end: number) => void

/** What each name sets. Other names are ignored, as uWSGI does. */
const READERS = new WordTable<Reader>([
  ['cmd', (command, bytes, start, end) => (command.name = COMMANDS.find(bytes, start, end))],
  ['key', (command, bytes, start, end) => (command.key = bytes.subarray(start, end))],
  [
    'cache',
    (command, bytes, start, end) => {
      const known = command.names?.find(bytes, start, end)
      command.cacheName = known ?? bytes.toString('utf8', start, end)
    },
  ],
  ['size', (command, bytes, start, end) => (command.bodySize = parseDecimal(bytes, start, end))],
  ['keep', (command, bytes, start, end) => (command.keep = isYes(bytes, start, end))],
  ['safe', (command, bytes, start, end) => (command.isSafe = isYes(bytes, start, end))],
  [
    'expires',
    ofValue((command, value) => (command.expiresMs = required(command, parseExpires(value)))),
  ],
  ['ttl', ofValue((command, value) => (command.ttlMs = required(command, parseTtl(value))))],
  ['type', ofValue((command, value) => (command.type = value.toString('latin1')))],
  ['by', ofValue((command, value) => (command.by = required(command, parseInt64(value))))],
  [
    'initial',
    ofValue((command, value) => (command.initial = required(command, parseInt64(value)))),
  ],
  [
    'only',
    ofValue(
      (command, value) => (command.onlyPresent = required(command, parseOnly(value)) ?? false),
    ),
  ],
  [
    'cursor',
    ofValue((command, value) => (command.cursor = required(command, parseDecimal(value)) ?? 0)),
  ],
  [
    'limit',
    ofValue((command, value) => (command.limit = required(command, parseLimit(value)) ?? 0)),
  ],
])

/** For names that few requests have. */
function ofValue(read: (command: CacheCommand, value: Buffer) => void): Reader {
  return (command, bytes, start, end) => read(command, bytes.subarray(start, end))
}

function isYes(bytes: Buffer, start: number, end: number): boolean {
  return end - start === 1 && bytes[start] === YES
}

function required<T>(command: CacheCommand, parsed: T | undefined): T | undefined {
  if (parsed === undefined) command.hasBadNumber = true
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
