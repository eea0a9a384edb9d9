/**
 * Numbers as C's `strtol` reads them, which uWSGI uses for what rules compute with.
 */

const INT64_MAX = 2n ** 63n - 1n
const INT64_MIN = -(2n ** 63n)

/** Longer ones are out of range in any case, and reading them takes time. */
const MAX_DIGITS = 20

/** The number a text begins with, 0 if with none; beyond 64 bits the nearest. */
export function leadingInteger(text: string): bigint {
  const [, sign = '', digits = ''] = /^[\t-\r ]*([+-]?)0*(\d*)/.exec(text) ?? []
  if (digits === '') return 0n
  if (digits.length > MAX_DIGITS) return sign === '-' ? INT64_MIN : INT64_MAX
  const value = BigInt(digits) * (sign === '-' ? -1n : 1n)
  if (value > INT64_MAX) return INT64_MAX
  return value < INT64_MIN ? INT64_MIN : value
}
