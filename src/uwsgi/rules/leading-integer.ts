/**
 * Numbers as C's `strtol` reads them, which uWSGI uses for what rules compute with.
 */
import { MAX_INT64, MIN_INT64 } from '../../base/index.ts'

/** Longer ones are out of range in any case, and reading them takes time. */
const MAX_DIGITS = 20

/** The number a text begins with, 0 if with none; beyond 64 bits the nearest. */
export function leadingInteger(text: string): bigint {
  const [, sign = '', digits = ''] = /^[\t-\r ]*([+-]?)0*(\d*)/.exec(text) ?? []
  if (digits === '') return 0n
  if (digits.length > MAX_DIGITS) return sign === '-' ? MIN_INT64 : MAX_INT64
  const value = BigInt(digits) * (sign === '-' ? -1n : 1n)
  if (value > MAX_INT64) return MAX_INT64
  return value < MIN_INT64 ? MIN_INT64 : value
}
