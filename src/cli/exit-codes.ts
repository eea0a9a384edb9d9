/**
 * Exit codes, for scripts.
 */

import type { ErrorCode } from '../base/index.ts'

export const EXIT = {
  /** Done, or found. */
  done: 0,
  /** A miss, or the cache would not take it: an expected answer, not an error. */
  miss: 1,
  /** The arguments or the configuration are wrong. */
  usage: 2,
  /** It could not be done: no connection, no room, corrupt, and so on. */
  failure: 3,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

const USAGE_CODES: readonly ErrorCode[] = ['UNDERCROFT_OPTION_INVALID', 'UNDERCROFT_KEY_INVALID']

/** The exit code for a failure with this code. */
export function exitCodeOf(code: string): ExitCode {
  return USAGE_CODES.some(usage => usage === code) ? EXIT.usage : EXIT.failure
}
