/**
 * Checked options under their table names, and functions that read them.
 */

import { assert, formatSuggestion, UndercroftError } from '../../base/index.ts'
import { formatGiven, formatOrigin, type GivenOption, optionError } from './given-option.ts'
import { type OptionTable, requireRow } from './option-table.ts'
import { parseFlag, parseRowInteger, requireValue } from './option-values.ts'

/** The given options. Read them with `flagOption` and the other functions of this file. */
export interface OptionSet {
  readonly table: OptionTable
  /** By the option's first name. */
  readonly given: ReadonlyMap<string, readonly GivenOption[]>
  /** All options in order of precedence. */
  readonly inOrder: readonly GivenOption[]
}

/** An option set, and warnings about it. */
export interface CheckedOptions {
  readonly options: OptionSet
  /** One sentence each, with its origin. */
  readonly warnings: readonly string[]
}

/**
 * Assigns options to the rows of a table and checks every value.
 *
 * A name that the table does not have is a placeholder. uWSGI's files work that way, which is why a
 * misspelt option has no effect there. Here a name that no `%(name)` uses causes a warning, and
 * with `strict` an error.
 */
export function checkOptions(
  table: OptionTable,
  all: readonly GivenOption[],
  usedPlaceholders: ReadonlySet<string> = new Set(),
): CheckedOptions {
  const given = new Map<string, GivenOption[]>()
  const inOrder: GivenOption[] = []
  const unknown: GivenOption[] = []
  for (const option of all) {
    const row = table.byName.get(option.name)
    if (option.isPlaceholder === true) continue
    if (row === undefined) {
      unknown.push(option)
      continue
    }
    // A name like `site` can be a placeholder, although a plugin of uWSGI has such an option.
    if (row.support === 'refused' && usedPlaceholders.has(option.name)) continue
    requireValue(row, option)
    inOrder.push(option)
    const list = given.get(row.name)
    if (list === undefined) given.set(row.name, [option])
    else list.push(option)
  }
  const options = { table, given, inOrder }
  const isStrict = table.byName.has('strict') && flagOption(options, 'strict')
  const [first] = unknown
  if (isStrict && first !== undefined) throw unknownOption(table, first)
  const warnings = unknown
    .filter(option => !usedPlaceholders.has(option.name))
    .map(option => `${unknownOption(table, option).message} (it is treated as a placeholder)`)
  return { options, warnings }
}

/** Returns the error for a name that the table does not have. */
export function unknownOption(table: OptionTable, given: GivenOption): Error {
  return optionError(given, `is not an option${formatSuggestion(given.name, usableNames(table))}`)
}

/** Returns the names that a message may suggest. */
export function usableNames(table: OptionTable): string[] {
  return [...table.byName].filter(([, row]) => row.support !== 'refused').map(([name]) => name)
}

/** Returns whether a flag is on; the last value counts. */
export function flagOption(options: OptionSet, name: string): boolean {
  const last = findLast(options, name)
  return last !== undefined && parseFlag(last.value)
}

/** Returns the last given number, else the table's default, else undefined. */
export function integerOption(options: OptionSet, name: string): number | undefined {
  const row = requireRow(options.table, name)
  const last = findLast(options, name)
  if (last !== undefined) return parseRowInteger(formatGiven(last), row, last.value)
  return row.default === undefined ? undefined : Number(row.default)
}

/** Returns the number of an option that has a default. */
export function requiredInteger(options: OptionSet, name: string): number {
  const value = integerOption(options, name)
  assert(value !== undefined, `the option ${name} has a default`)
  return value
}

/** Returns the last given text, else the table's default, else undefined. */
export function textOption(options: OptionSet, name: string): string | undefined {
  return findLast(options, name)?.value ?? requireRow(options.table, name).default
}

/** Returns every given value in order, without the table's default. */
export function listOption(options: OptionSet, name: string): readonly GivenOption[] {
  requireRow(options.table, name)
  return options.given.get(name) ?? []
}

/** Returns the options with wanted names, in the order in which they were given together. */
export function interleavedOptions(
  options: OptionSet,
  isWanted: (name: string) => boolean,
): readonly GivenOption[] {
  return options.inOrder.filter(({ name }) => isWanted(name))
}

/** Returns the value that counts, with its origin for messages. */
export function findLast(options: OptionSet, name: string): GivenOption | undefined {
  return listOption(options, name).at(-1)
}

/** Returns one line for each given option that has no meaning here, or that is ignored. */
export function describeIgnored(options: OptionSet): string[] {
  const isIgnoring = flagOption(options, IGNORE_UNSUPPORTED)
  return [...options.given].flatMap(([name, list]) => {
    const { support, description } = requireRow(options.table, name)
    const [first] = list
    if (first === undefined) return []
    const label = `${formatOrigin(first.origin)}: ${name}`
    if (support === 'accepted') return [`${label} has no meaning under Node.js. ${description}`]
    if (support !== 'refused' || !isIgnoring) return []
    return [`${label} is not supported and has no effect. ${description}`]
  })
}

const IGNORE_UNSUPPORTED = 'ignore-unsupported'

/**
 * Refuses options that are not supported, unless `ignore-unsupported` is on. This is separate from
 * reading, so that a configuration can be read and shown whole even if it needs more than this
 * version supports.
 * @throws UndercroftError UNDERCROFT_OPTION_INVALID, whose message has a line for each option
 */
export function requireSupported(options: OptionSet): void {
  if (flagOption(options, IGNORE_UNSUPPORTED)) return
  const lines = options.inOrder.flatMap(given => {
    const row = options.table.byName.get(given.name)
    if (row?.support !== 'refused') return []
    // A flag that is switched off requests nothing.
    if (row.kind === 'flag' && !parseFlag(given.value)) return []
    return [`${formatGiven(given)} is not supported. ${row.description}`]
  })
  if (lines.length === 0) return
  const remedy = `${IGNORE_UNSUPPORTED} = true starts without the options that are not supported`
  throw new UndercroftError('UNDERCROFT_OPTION_INVALID', [...lines, remedy].join('\n'))
}
