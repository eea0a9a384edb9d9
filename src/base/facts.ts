/**
 * Defines the constants that several layers need.
 */

/** The end of an item that never ends. Moments are Unix milliseconds. */
/** The symbol of the method that `console.log` calls; the one of `node:util`. */
export const INSPECT: unique symbol = Symbol.for('nodejs.util.inspect.custom')
export const NEVER = 0

/** @returns whether an item has ended; it is gone at the very millisecond of its end */
export function isExpired(expiresAtMs: number, nowMs: number): boolean {
  return expiresAtMs !== NEVER && expiresAtMs <= nowMs
}

export const MIN_INT64 = -(2n ** 63n)
export const MAX_INT64 = 2n ** 63n - 1n

/** Bytes of a counter: a 64-bit integer, little-endian. */
export const COUNTER_SIZE = 8

/** Longest time a timer of Node can wait, in milliseconds. A longer one would fire at once. */
export const MAX_TIMER_MS = 2 ** 31 - 1

/** Longest key that a cache can be created for, and that uwsgi's 16-bit sizes can carry. */
export const MAX_KEY_SIZE_LIMIT = 65_535

/** The `maxKeySize` of a cache that is created without this option. */
export const DEFAULT_MAX_KEY_SIZE = 256

/** `sun_path` holds 104 bytes on BSD and macOS and 108 on Linux, one of them the closing zero. */
export const MAX_UNIX_PATH_SIZE = 103

/** Permissions of a Unix socket's file: only its owner may connect. */
export const DEFAULT_SOCKET_MODE = 0o600

/** Environment variable by which a master passes their instance to its workers, as JSON. */
export const INSTANCE_VARIABLE = 'UNDERCROFT_INSTANCE'
