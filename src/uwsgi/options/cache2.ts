/**
 * One `cache2` definition: names are looked up in the table and values are checked. Defaults are
 * filled in elsewhere (cache-definitions.ts).
 */

import { formatSuggestion, invalidOption } from '../../base/index.ts'
import { formatGiven, type GivenOption, optionError } from './given-option.ts'
import { parseKeyValues } from './key-values.ts'
import type { OptionRow } from './option-row.ts'
import { CACHE2_TABLE, requireRow } from './option-table.ts'
import { parseFlag, parseInteger64, parseRowInteger } from './option-values.ts'

/** The text of each given name, and the label of the definition in messages. */
export interface Cache2Values {
  readonly label: string
  /** By the table's first name; the last value counts. */
  readonly texts: ReadonlyMap<string, string>
  readonly warnings: readonly string[]
}

/** Splits and checks one definition. */
export function parseCache2(given: GivenOption): Cache2Values {
  const texts = new Map<string, string>()
  const warnings: string[] = []
  for (const { name, value } of parseKeyValues(given.value)) {
    const row = CACHE2_TABLE.byName.get(name)
    if (row === undefined) {
      const suggestion = formatSuggestion(name, CACHE2_TABLE.byName.keys())
      throw optionError(given, `has no name "${name}"${suggestion}`)
    }
    if (value === undefined && row.kind !== 'flag') {
      throw optionError(given, `needs a value: ${name}=...`)
    }
    texts.set(row.name, value ?? '')
    if (value === undefined) {
      warnings.push(`${formatGiven(given)}: ${name} is ON; uWSGI ignores it without =, so write =1`)
    }
    // uWSGI switches a flag on regardless of its value, and existing files rely on that.
    if (row.kind === 'flag' && value !== undefined && !parseFlag(value)) {
      const effect = `${name}=${value} switches ${name} ON, as in uWSGI; remove it to switch it off`
      warnings.push(`${formatGiven(given)}: ${effect}`)
    }
  }
  const label = formatGiven(given)
  for (const [name, text] of texts) {
    const row = requireRow(CACHE2_TABLE, name)
    requireText(label, row, text)
    if (row.support === 'accepted')
      warnings.push(`${label}: ${name} has no meaning here. ${row.description}`)
  }
  return { label, texts, warnings }
}

/** Returns the name of the cache that a checked definition defines. */
export function cache2Name(given: GivenOption): string {
  return parseCache2(given).texts.get('name') ?? given.value
}

/** Returns whether a flag was given. */
export function cache2Flag(values: Cache2Values, name: string): boolean {
  return values.texts.has(requireRow(CACHE2_TABLE, name).name)
}

/** Returns the given number, if there is one. */
export function cache2Integer(values: Cache2Values, name: string): number | undefined {
  const text = values.texts.get(name)
  const row = requireRow(CACHE2_TABLE, name)
  return text === undefined ? undefined : parseRowInteger(`${values.label}: ${name}`, row, text)
}

/** Returns the parts of a list; empty if it was not given. */
export function cache2List(values: Cache2Values, name: string): string[] {
  return splitList(values.texts.get(requireRow(CACHE2_TABLE, name).name) ?? '')
}

function requireText(label: string, row: OptionRow, text: string): void {
  const name = `${label}: ${row.name}`
  if (row.kind === 'integer') parseRowInteger(name, row, text)
  if (row.kind === 'integer64') parseInteger64(name, text)
  if (row.kind === 'string' && text === '') {
    throw invalidOption(name, 'a string that is not empty', text)
  }
  if (row.kind !== 'list' || row.name === 'udp_allow') return
  for (const address of splitList(text)) {
    if (!address.includes(':')) throw invalidOption(name, 'addresses like host:port', address)
  }
}

function splitList(text: string): string[] {
  return text.split(';').filter(part => part !== '')
}
