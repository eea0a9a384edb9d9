/**
 * Checks options and arguments. Each error names the option, the allowed values, and the given
 * value.
 */

import { UndercroftError } from './errors.ts'
import { MAX_INT64, MIN_INT64 } from './facts.ts'
import { formatSuggestion } from './suggestion.ts'

/** All options of an interface, with their defaults filled in. */
export type Complete<Options> = {
  readonly [Name in keyof Options]-?: Exclude<Options[Name], undefined>
}

export function requireInteger(name: string, value: unknown, min: number, max: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
    throw invalidOption(name, `a whole number from ${min} to ${max}`, value)
  }
  return value
}

export function requireOneOf<T extends string>(
  name: string,
  value: unknown,
  allowed: readonly T[],
): T {
  const found = allowed.find(choice => choice === value)
  if (found === undefined) throw invalidOption(name, `one of ${allowed.join(', ')}`, value)
  return found
}

export function requireBoolean(name: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw invalidOption(name, 'true or false', value)
  return value
}

export function requireString(name: string, value: unknown): string {
  if (typeof value !== 'string' || value === '') {
    throw invalidOption(name, 'a string that is not empty', value)
  }
  return value
}

/** Returns a safe integer, or a bigint of 64 bits, as a bigint. */
export function requireInt64(name: string, value: number | bigint): bigint {
  if (typeof value === 'bigint' && value >= MIN_INT64 && value <= MAX_INT64) return value
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value)
  throw invalidOption(name, 'a safe integer, or a bigint of 64 bits', value)
}

/** Returns a duration in milliseconds: zero or more, including `Infinity`. */
export function requireDuration(name: string, value: unknown): number {
  if (typeof value !== 'number' || !(value >= 0)) {
    throw invalidOption(name, 'milliseconds from 0 to Infinity', value)
  }
  return value
}

/**
 * Refuses names that are not allowed. The message names the given option, all allowed ones, and
 * the one that was probably meant.
 */
export function requireKnownNames(
  what: string,
  given: object,
  allowed: readonly string[] | Readonly<Record<string, true>>,
): void {
  const names = Array.isArray(allowed) ? allowed : Object.keys(allowed)
  for (const name of Object.keys(given)) {
    if (names.includes(name)) continue
    throw new UndercroftError(
      'UNDERCROFT_OPTION_INVALID',
      `${what} has no option "${name}"; allowed are ${names.join(', ')}` +
        formatSuggestion(name, names),
    )
  }
}

export function invalidOption(name: string, allowed: string, got: unknown): UndercroftError {
  return new UndercroftError(
    'UNDERCROFT_OPTION_INVALID',
    `${name} must be ${allowed}; got ${describe(got)}`,
  )
}

/** @returns a short description of any value, for messages */
export function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(clip(value))
  if (typeof value === 'number' || typeof value === 'bigint') return String(value)
  if (value === null || value === undefined || typeof value === 'boolean') return String(value)
  if (value instanceof Uint8Array) return `${value.byteLength} bytes`
  if (Array.isArray(value)) return `an array of ${value.length}`
  return `a value of type ${typeof value}`
}

function clip(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}
