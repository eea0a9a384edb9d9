/**
 * Values of options, parsed by their kind.
 *
 * Parsing is stricter than uWSGI's, which guesses: `1k` and `abc` are not numbers, and a name that
 * needs a value must have one.
 */

import { invalidOption, MAX_INT64, MIN_INT64 } from '../../base/index.ts'
import { formatGiven, type GivenOption } from './given-option.ts'
import type { OptionRow } from './option-row.ts'

const OFF = ['false', 'off', 'no', '0']

/**
 * Returns false only for `0` and for `false`, `off` and `no` in any case. A name without a value is
 * on.
 */
export function parseFlag(text: string): boolean {
  return !OFF.includes(text.toLowerCase())
}

/** Parses a whole number in decimal digits; `name` is its label in messages. */
export function parseInteger(name: string, text: string, min: number, max: number): number {
  const value = /^-?\d+$/.test(text) ? Number(text) : Number.NaN
  if (!(value >= min && value <= max)) {
    throw invalidOption(name, `a whole number from ${min} to ${max}`, text)
  }
  return value
}

/** Parses a whole number within the limits of a row. */
export function parseRowInteger(name: string, row: OptionRow, text: string): number {
  const min = row.min ?? 0
  const max = row.max ?? Number.MAX_SAFE_INTEGER
  if (row.isClamped !== true) return parseInteger(name, text, min, max)
  return Math.min(parseInteger(name, text, min, Number.MAX_SAFE_INTEGER), max)
}

/** Parses a signed whole number of 64 bits. */
export function parseInteger64(name: string, text: string): bigint {
  const value = /^-?\d+$/.test(text) ? BigInt(text) : undefined
  if (value === undefined || value < MIN_INT64 || value > MAX_INT64) {
    throw invalidOption(name, `a whole number from ${MIN_INT64} to ${MAX_INT64}`, text)
  }
  return value
}

/** Throws UNDERCROFT_OPTION_INVALID unless the value suits the row. */
export function requireValue(row: OptionRow, given: GivenOption): void {
  const name = formatGiven(given)
  if (row.kind === 'integer') parseRowInteger(name, row, given.value)
  if (row.kind === 'integer64') parseInteger64(name, given.value)
  const needsText = row.kind === 'string' || row.kind === 'list' || row.kind === 'cache2'
  if (needsText && given.value === '' && row.isValueOptional !== true) {
    throw invalidOption(name, 'a string that is not empty', given.value)
  }
}
