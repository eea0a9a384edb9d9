/**
 * Arguments and refusals of the counter operations.
 */

import { type CacheKey, describe, invalidOption, UndercroftError } from '../base/index.ts'

const MIN_INT64 = -(2n ** 63n)
const MAX_INT64 = 2n ** 63n - 1n

/** A safe integer or a bigint of 64 bits, as a bigint. */
export function requireInt64(name: string, value: number | bigint): bigint {
  if (typeof value === 'bigint' && value >= MIN_INT64 && value <= MAX_INT64) return value
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value)
  throw invalidOption(name, 'a safe integer, or a bigint of 64 bits', value)
}

export function counterError(
  outcome: 'not-a-counter' | 'out-of-range',
  key: CacheKey,
): UndercroftError {
  if (outcome === 'not-a-counter') {
    return new UndercroftError(
      'UNDERCROFT_NOT_A_COUNTER',
      `the value of ${describe(key)} is no 64-bit integer; it is unchanged`,
    )
  }
  return new UndercroftError(
    'UNDERCROFT_COUNTER_RANGE',
    `the result for ${describe(key)} is beyond Number.MAX_SAFE_INTEGER; the value is unchanged. ` +
      'Give a bigint to use all 64 bits',
  )
}
