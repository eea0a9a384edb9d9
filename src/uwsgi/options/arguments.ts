/**
 * Command-line arguments, parsed by a table of options.
 */

import { parseArgs } from 'node:util'
import { formatSuggestion, UndercroftError } from '../../base/index.ts'
import { COMMAND_LINE, type GivenOption, optionError } from './given-option.ts'
import { type OptionRow, switchesOf } from './option-row.ts'
import type { OptionTable } from './option-table.ts'
import { requireValue } from './option-values.ts'

/** Arguments in their original order. */
export interface ParsedArguments {
  readonly given: readonly GivenOption[]
  readonly positionals: readonly string[]
}

/**
 * Parses arguments. `readBare` may turn a bare word into an option, which keeps its place among the
 * options because the last of two values counts. All other bare words are positionals.
 */
export function parseArguments(
  args: readonly string[],
  table: OptionTable,
  readBare: (word: string) => GivenOption | undefined = () => undefined,
): ParsedArguments {
  const given: GivenOption[] = []
  const positionals: string[] = []
  const takeBare = (word: string) => {
    const option = readBare(word)
    if (option === undefined) positionals.push(word)
    else given.push(option)
  }
  let lastIndex = -1
  for (const token of tokenize(args, table)) {
    // The digits of -15 arrive as several tokens of one argument.
    if (token.kind === 'option-terminator' || token.index === lastIndex) continue
    const word = args[token.index] ?? ''
    const isNumber = token.kind === 'option' && /^-\d+$/.test(word)
    if (isNumber) lastIndex = token.index
    if (isNumber || token.kind === 'positional') takeBare(word)
    else given.push(readOption(table, token))
  }
  return { given, positionals }
}

/** The error for wrong usage of a command. */
export function usageError(message: string): UndercroftError {
  return new UndercroftError('UNDERCROFT_OPTION_INVALID', message)
}

type OptionToken = Extract<ReturnType<typeof tokenize>[number], { kind: 'option' }>

function tokenize(args: readonly string[], table: OptionTable) {
  const options: NonNullable<Parameters<typeof parseArgs>[0]>['options'] = {}
  for (const [name, row] of table.byName) options[name] = { type: typeOf(row) }
  // `parseArgs` maps a letter to one long name and reports that name.
  for (const row of table.rows) {
    if (row.letter !== undefined) options[row.name] = { type: typeOf(row), short: row.letter }
  }
  return parseArgs({ args: [...args], options, strict: false, tokens: true }).tokens
}

function readOption(table: OptionTable, token: OptionToken): GivenOption {
  const { rawName, value, inlineValue: isInline } = token
  const row = table.byName.get(token.name)
  if (row === undefined) {
    const usable = table.rows.filter(({ support }) => support !== 'refused')
    const suggestion = formatSuggestion(rawName, usable.flatMap(switchesOf))
    throw usageError(`unknown option ${rawName}${suggestion}`)
  }
  const given = { name: rawName, value: value ?? '', origin: COMMAND_LINE }
  if (value === undefined && typeOf(row) === 'string') throw optionError(given, 'needs a value')
  // Most likely the value is missing, and this is the next option.
  if (!isInline && value?.startsWith('--') === true) {
    throw optionError(given, `needs a value; if ${value} is the value, write ${rawName}=${value}`)
  }
  requireValue(row, given)
  return { ...given, name: row.name }
}

/** Whether the next argument is the option's value. */
function typeOf(row: OptionRow): 'string' | 'boolean' {
  const takesValue = row.kind !== 'flag' && row.isValueOptional !== true && row.argument !== ''
  return takesValue ? 'string' : 'boolean'
}
