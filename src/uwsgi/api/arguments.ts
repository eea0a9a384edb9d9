/**
 * The arguments of uWSGI's functions: where Python raises TypeError or OverflowError, we throw.
 */

import {
  type CacheKey,
  describe,
  invalidOption,
  isWellFormed,
  requireInteger,
  UndercroftError,
} from '../../base/index.ts'

export function requireKey(key: unknown): CacheKey {
  if (isTextOrBytes(key)) return key
  throw new UndercroftError(
    'UNDERCROFT_KEY_INVALID',
    `a key must be well-formed text or bytes; got ${describe(key)}`,
  )
}

export function requireValue(value: unknown): string | Uint8Array {
  if (isTextOrBytes(value)) return value
  throw new UndercroftError(
    'UNDERCROFT_VALUE_UNSUPPORTED',
    `a value must be well-formed text or bytes; got ${describe(value)}. ` +
      'Encode it, for example with JSON.stringify, or use the Cache of undercroft',
  )
}

/** Seconds as uWSGI has them: 0 is never, less than 0 is over already. */
export function ttlMsOf(expires: unknown): number {
  requireInteger('expires', expires, Number.MIN_SAFE_INTEGER, MAX_SECONDS)
  const seconds = Number(expires)
  return seconds === 0 ? Number.POSITIVE_INFINITY : Math.max(0, seconds * 1000)
}

export function requireOperand(value: unknown): bigint {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value)
  if (typeof value === 'bigint' && BigInt.asIntN(64, value) === value) return value
  throw invalidOption('the operand', 'a safe integer, or a bigint of 64 bits', value)
}

export function requireIdentifier(cache: unknown): string | undefined {
  if (cache === undefined || typeof cache === 'string') return cache
  throw invalidOption('cache', 'a name, or name@address', cache)
}

const MAX_SECONDS = Math.floor(Number.MAX_SAFE_INTEGER / 1000)

/** Text that UTF-8 cannot hold would come back as something else. */
function isTextOrBytes(value: unknown): value is string | Uint8Array {
  return typeof value === 'string' ? isWellFormed(value) : value instanceof Uint8Array
}
