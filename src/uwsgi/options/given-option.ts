/**
 * An option as somebody wrote it, and where: what every source of options is read into.
 */

import { UndercroftError } from '../../base/index.ts'

/** Where an option was written. */
export interface Origin {
  /** A file as it was named, `command line`, or `environment`. */
  readonly source: string
  /** Counted from 1; absent where there are no lines. */
  readonly line?: number
}

/** One option or placeholder as given, in the order of all sources. */
export interface GivenOption {
  readonly name: string
  /** Empty when the name stood alone. */
  readonly value: string
  readonly origin: Origin
  /** Meant as a placeholder only, so an unknown name is no mistake. */
  readonly isPlaceholder?: true
}

/** Where options of the command line come from. */
export const COMMAND_LINE: Origin = { source: 'command line' }

/** Where options of environment variables come from. */
export const ENVIRONMENT: Origin = { source: 'environment' }

/** `app.ini:12`, or just the source where there are no lines. */
export function formatOrigin(origin: Origin): string {
  return origin.line === undefined ? origin.source : `${origin.source}:${origin.line}`
}

/** How messages call an option: where it stands, then its name. */
export function formatGiven(given: GivenOption): string {
  return `${formatOrigin(given.origin)}: ${given.name}`
}

/** The error for an option that is wrong as a whole; `claim` continues after its name. */
export function optionError(given: GivenOption, claim: string): UndercroftError {
  return new UndercroftError('UNDERCROFT_OPTION_INVALID', `${formatGiven(given)} ${claim}`)
}
