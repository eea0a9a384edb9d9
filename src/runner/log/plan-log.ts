/**
 * The options about logging, decided before anything is open.
 */

import { invalidOption, systemClock, UndercroftError } from '../../base/index.ts'
import {
  findLast,
  flagOption,
  formatGiven,
  integerOption,
  listOption,
  type OptionSet,
} from '../../uwsgi/options/index.ts'
import { CTIME, compileTime } from './strftime.ts'

/** Where all output of the instance goes, and the form of its lines. */
export interface PlannedOutput {
  /** File that replaces stdout and stderr of all processes. */
  readonly file: string | undefined
  /** The same, opened after the change of user. */
  readonly fileOfUser: string | undefined
  /** What stands before each line of this package itself; undefined: nothing. */
  readonly dateFormat: string | undefined
  /** The file is opened again when one of these is touched. */
  readonly touchReopen: readonly string[]
}

/** Which requests are logged, and how. */
export interface PlannedRequestLog {
  readonly logsAll: boolean
  readonly logs4xx: boolean
  readonly logs5xx: boolean
  /** Requests that take this long are logged; undefined: the time does not matter. */
  readonly slowMs: number | undefined
  readonly isJson: boolean
  /** Undefined: uWSGI's own format. */
  readonly format: { readonly text: string; readonly label: string } | undefined
  readonly dateFormat: string | undefined
  /** Names that the rules set with `logvar`. */
  readonly logVariables: ReadonlySet<string>
}

export function planOutput(options: OptionSet): PlannedOutput {
  return {
    file: readFile(options, 'logto'),
    fileOfUser: readFile(options, 'logto2'),
    dateFormat: readDateFormat(options),
    touchReopen: listOption(options, 'touch-logreopen').map(given => given.value),
  }
}

export function planRequestLog(options: OptionSet): PlannedRequestLog {
  const format = findLast(options, 'log-format')
  const isJson = flagOption(options, 'log-json')
  if (isJson && format !== undefined) {
    throw new UndercroftError(
      'UNDERCROFT_OPTION_INVALID',
      `${formatGiven(format)} and log-json exclude each other; remove one of them`,
    )
  }
  const isWanted = flagOption(options, 'log-requests') || isJson || format !== undefined
  return {
    logsAll: isWanted && !flagOption(options, 'disable-logging'),
    logs4xx: flagOption(options, 'log-4xx'),
    logs5xx: flagOption(options, 'log-5xx'),
    slowMs: integerOption(options, 'log-slow'),
    isJson,
    format: format && { text: format.value, label: formatGiven(format) },
    dateFormat: readDateFormat(options),
    logVariables: new Set(
      options.inOrder.flatMap(({ value }) =>
        [...value.matchAll(/\blogvar:([^=\s]+)=/g)].map(([, name = '']) => name),
      ),
    ),
  }
}

/** Returns a function that logs lines with the time in front. */
export function withDate(
  onLog: (line: string) => void,
  dateFormat: string | undefined,
): (line: string) => void {
  if (dateFormat === undefined) return onLog
  const format = compileTime(dateFormat, 'log-date')
  return line => onLog(`${format(systemClock.nowMs())} - ${line}`)
}

/** uWSGI sends lines to an address by UDP, which this package does not. */
function readFile(options: OptionSet, name: string): string | undefined {
  const given = findLast(options, name)
  if (given === undefined || !/^[^/]*:\d+$/.test(given.value)) return given?.value
  throw invalidOption(formatGiven(given), 'the path of a file', given.value)
}

function readDateFormat(options: OptionSet): string | undefined {
  const given = findLast(options, 'log-date')
  if (given === undefined) return undefined
  const isFlag = ['', '1', 'true', 'yes', 'on'].includes(given.value.toLowerCase())
  const format = isFlag ? CTIME : given.value
  compileTime(format, formatGiven(given))
  return format
}
