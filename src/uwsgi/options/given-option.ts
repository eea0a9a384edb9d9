/**
 * An option as it was written, and where: all sources of options produce this form.
 */

import { UndercroftError } from '../../base/index.ts'

/** Where an option was written. */
export interface Origin {
  /** The name of a file, `command line`, or `environment`. */
  readonly source: string
  /** Counted from 1; absent for sources without lines. */
  readonly line?: number
}

/** One given option or placeholder. */
export interface GivenOption {
  readonly name: string
  /** Empty when the name stands alone. */
  readonly value: string
  readonly origin: Origin
  /** Set by `set-placeholder`, so an unknown name is not a mistake. */
  readonly isPlaceholder?: true
}

/** Origin of options of the command line. */
export const COMMAND_LINE: Origin = { source: 'command line' }

/** Origin of options of environment variables. */
export const ENVIRONMENT: Origin = { source: 'environment' }

/** Returns `app.ini:12`, or only the source if it has no lines. */
export function formatOrigin(origin: Origin): string {
  return origin.line === undefined ? origin.source : `${origin.source}:${origin.line}`
}

/** Returns the label of an option in messages: its origin, then its name. */
export function formatGiven(given: GivenOption): string {
  return `${formatOrigin(given.origin)}: ${given.name}`
}

/** Returns the error for a wrong option; `claim` follows its name in the message. */
export function optionError(given: GivenOption, claim: string): UndercroftError {
  return new UndercroftError('UNDERCROFT_OPTION_INVALID', `${formatGiven(given)} ${claim}`)
}
