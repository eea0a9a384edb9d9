/**
 * Numbers and times as the protocol writes them: ASCII decimal, seconds.
 *
 * uWSGI takes any bytes for digits: `abc` is 5451, `-1` wraps to a huge number. This parser refuses
 * bytes that are not a number.
 */

/** @returns a whole number from 0 to 2^53 - 1, or undefined. Leading zeros are allowed. */
export function parseDecimal(bytes: Buffer, start = 0, end = bytes.length): number | undefined {
  if (start === end) return undefined
  let value = 0
  for (let i = start; i < end; i++) {
    const digit = bytes[i] - ZERO
    if (digit < 0 || digit > 9) return undefined
    value = value * 10 + digit
    if (value > Number.MAX_SAFE_INTEGER) return undefined
  }
  return value
}

/** @returns a signed 64-bit number, with `-` in front when negative, or undefined. */
export function parseInt64(bytes: Buffer): bigint | undefined {
  if (bytes.length > MAX_INT64_SIZE) return undefined
  const text = bytes.toString('latin1')
  if (!/^-?[0-9]+$/.test(text)) return undefined
  const value = BigInt(text)
  return BigInt.asIntN(64, value) === value ? value : undefined
}

/** Converts the `expires` of set and update: seconds from now, 0 for never. */
export function ttlMsFromSeconds(seconds: number): number {
  return seconds === 0 ? Number.POSITIVE_INFINITY : seconds * MS_PER_SECOND
}

/** @returns the `expires` to send for a TTL, rounded up because 0 would mean never. */
export function secondsFromTtlMs(ttlMs: number): number {
  return Math.max(1, Math.ceil(ttlMs / MS_PER_SECOND))
}

/** @returns the `expires` of replies and datagrams: Unix seconds, rounded down as uWSGI does. */
export function unixSeconds(expiresAtMs: number): number {
  return Math.floor(expiresAtMs / MS_PER_SECOND)
}

export function msFromUnixSeconds(seconds: number): number {
  return seconds * MS_PER_SECOND
}

const ZERO = 0x30
const MS_PER_SECOND = 1000

/** The longest text worth reading: a sign, 19 digits, and some leading zeros. */

const MAX_INT64_SIZE = 40
