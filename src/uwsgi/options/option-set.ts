/**
 * Options after reading: checked, under their table names, ready to be asked for.
 */

import { assert, formatSuggestion } from '../../base/index.ts'
import { formatGiven, formatOrigin, type GivenOption, optionError } from './given-option.ts'
import { type OptionTable, requireRow } from './option-table.ts'
import { parseFlag, parseRowInteger, requireValue } from './option-values.ts'

/** What was given. Ask with `flagOption` and the others. */
export interface OptionSet {
  readonly table: OptionTable
  /** By the option's first name. */
  readonly given: ReadonlyMap<string, readonly GivenOption[]>
  /** All options, in the order in which they count. */
  readonly inOrder: readonly GivenOption[]
}

/** An option set, and what its reader should be told. */
export interface CheckedOptions {
  readonly options: OptionSet
  /** One sentence each, with where it is about. */
  readonly warnings: readonly string[]
}

/**
 * Sorts options into the table's rows and checks every value.
 *
 * A name the table does not have is a placeholder. That is how uWSGI's files work, and why a
 * misspelt option does nothing there; so one that no `%(name)` uses gets a warning here, and with
 * `strict` an error.
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
    if (row === undefined) {
      if (option.isPlaceholder !== true) unknown.push(option)
      continue
    }
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
    .map(option => `${unknownOption(table, option).message} (it is only a placeholder)`)
  return { options, warnings }
}

/** The error for a name that the table does not have. */
export function unknownOption(table: OptionTable, given: GivenOption): Error {
  return optionError(given, `is not an option${formatSuggestion(given.name, table.byName.keys())}`)
}

/** Whether a flag is on; the last one given counts. */
export function flagOption(options: OptionSet, name: string): boolean {
  const last = findLast(options, name)
  return last !== undefined && parseFlag(last.value)
}

/** The number last given, else the table's default, else undefined. */
export function integerOption(options: OptionSet, name: string): number | undefined {
  const row = requireRow(options.table, name)
  const last = findLast(options, name)
  if (last !== undefined) return parseRowInteger(formatGiven(last), row, last.value)
  return row.default === undefined ? undefined : Number(row.default)
}

/** The same where the table has a default. */
export function requiredInteger(options: OptionSet, name: string): number {
  const value = integerOption(options, name)
  assert(value !== undefined, `the option ${name} has a default`)
  return value
}

/** The text last given, else the table's default, else undefined. */
export function textOption(options: OptionSet, name: string): string | undefined {
  return findLast(options, name)?.value ?? requireRow(options.table, name).default
}

/** Every one given, in order. The table's default is not filled in. */
export function listOption(options: OptionSet, name: string): readonly GivenOption[] {
  requireRow(options.table, name)
  return options.given.get(name) ?? []
}

/** Every one of several options, in the order in which they were given together. */
export function interleavedOptions(
  options: OptionSet,
  isWanted: (name: string) => boolean,
): readonly GivenOption[] {
  return options.inOrder.filter(({ name }) => isWanted(name))
}

/** The one that counts, for messages about it. */
export function findLast(options: OptionSet, name: string): GivenOption | undefined {
  return listOption(options, name).at(-1)
}

/** Notes for options that have no meaning here, one line each. */
export function describeMeaningless(options: OptionSet): string[] {
  return [...options.given].flatMap(([name, list]) => {
    const row = requireRow(options.table, name)
    const [first] = list
    if (row.support !== 'accepted' || first === undefined) return []
    const where = formatOrigin(first.origin)
    return [`${where}: ${name} has no meaning under Node.js. ${row.description}`]
  })
}

// MERGED: Refusing what is not supported yet. Apart from reading, so that a configuration can be read and shown whole even where it asks for more than this version does. /

/** Throws for the first option that the table marks `later`. */
export function requireSupported(options: OptionSet): void {
  for (const [name, list] of options.given) {
    const row = requireRow(options.table, name)
    if (row.support !== 'later') continue
    // A flag that is switched off asks for nothing.
    const asking = list.find(given => row.kind !== 'flag' || parseFlag(given.value))
    if (asking !== undefined) throw optionError(asking, 'is not supported yet')
  }
}
