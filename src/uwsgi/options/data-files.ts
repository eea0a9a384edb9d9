/**
 * Options in YAML and JSON files, to the extent that uWSGI reads them: one section, whose names
 * have a value or a list of values.
 *
 * This subset of YAML is a few lines of names and values, so it needs no library: a whole YAML
 * parser would be larger than all other code that reads a configuration, and would accept what
 * uWSGI does not. Everything else of YAML is refused with its line.
 */

import type { GivenOption } from './given-option.ts'
import {
  describeRemoved,
  expandMagic,
  fileError,
  type IniSection,
  type MagicTable,
  noSection,
  requireNoMark,
} from './ini-file.ts'

/** Parses the section of a YAML file. */
export function parseYaml(
  text: string,
  source: string,
  section: string,
  magic: MagicTable,
): IniSection {
  requireNoMark(text, source)
  const options: GivenOption[] = []
  const warnings: string[] = []
  const sections: string[] = []
  let name: string | undefined
  for (const magicLine of expandMagic(text, magic)) {
    const { line } = magicLine
    const fail = (claim: string) => fileError(`${source}:${line}`, claim)
    const words = withoutComment(magicLine.text)
    if (words.trim() === '' || /^(---|\.\.\.)\s*$/.test(words)) continue
    if (/^ *\t/.test(words)) throw fail('YAML is indented by spaces, not by tabs')
    const isSection = /^[^\s-]/.test(words)
    const [, item] = /^\s*-\s+(.*)$/.exec(words) ?? []
    const [, key = '', value = ''] =
      /^\s*([^\s:'"[{&*!|>-][^:]*?)\s*:(?:\s+(.*))?$/.exec(words) ?? []
    if (item === undefined && key === '') throw fail(`is not "name: value"; ${SUBSET}`)
    if (isSection) {
      if (value !== '') throw fail(`a section has no value; ${SUBSET}`)
      sections.push(key)
      continue
    }
    if (sections.at(-1) !== section) continue
    warnings.push(...describeRemoved(magicLine, source))
    if (item === undefined) name = key
    if (name === undefined) throw fail(`a list needs a name before it; ${SUBSET}`)
    for (const each of scalarsOf(item ?? value, fail)) {
      options.push({ name, value: each, origin: { source, line } })
    }
  }
  if (!sections.includes(section)) throw noSection(source, section, sections)
  return { options, warnings }
}

const SUBSET = 'write a section, and below it names with a value or a list of values'

/** A comment begins the line, or follows a blank outside of quotes. */
function withoutComment(line: string): string {
  let quote = ''
  for (let index = 0; index < line.length; index++) {
    const character = line.charAt(index)
    const isFirst = /[\s[,]/.test(line.charAt(index - 1) || ' ')
    if (quote !== '') quote = character === quote ? '' : quote
    else if (isFirst && /['"]/.test(character)) quote = character
    else if (isFirst && character === '#') return line.slice(0, index).trimEnd()
  }
  return line.trimEnd()
}

/** @returns no value for a name that a list of lines follows */
function scalarsOf(text: string, fail: (claim: string) => Error): string[] {
  if (text === '') return []
  const [, list] = /^\[(.*)\]$/.exec(text) ?? []
  if (list !== undefined) return list.split(',').map(each => scalarOf(each.trim(), fail))
  return [scalarOf(text, fail)]
}

function scalarOf(text: string, fail: (claim: string) => Error): string {
  const [, single, double] = /^(?:'((?:[^']|'')*)'|"([^"\\]*)")$/.exec(text) ?? []
  if (single !== undefined) return single.replaceAll("''", "'")
  if (double !== undefined) return double
  if (/^['"[{&*!|>]/.test(text))
    throw fail(`the value ${text} is of a kind that is not read here; ${SUBSET}`)
  return text
}

/** Parses the section of a JSON file. */
export function parseJsonOptions(
  text: string,
  source: string,
  section: string,
  magic: MagicTable,
): IniSection {
  requireNoMark(text, source)
  const lines = expandMagic(text, magic)
  const warnings = lines.flatMap(line => describeRemoved(line, source))
  const all = parseObject(lines.map(line => line.text).join('\n'), source)
  const found = all[section]
  if (!isObject(found)) throw noSection(source, section, Object.keys(all))
  const options = Object.entries(found).flatMap(([name, given]): GivenOption[] => {
    const line = lines.find(each => each.text.includes(`${JSON.stringify(name)}`))?.line
    const origin = line === undefined ? { source } : { source, line }
    return (Array.isArray(given) ? given : [given]).map(value => {
      if (typeof value === 'object' && value !== null) {
        throw fileError(
          `${source}:${line}`,
          `${name} must be a string, number, flag or a list of these`,
        )
      }
      return { name, value: textOf(value), origin }
    })
  })
  return { options, warnings }
}

function parseObject(text: string, source: string): Readonly<Record<string, unknown>> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw fileError(source, `is not JSON: ${error instanceof Error ? error.message : error}`)
  }
  if (isObject(value)) return value
  throw fileError(source, 'must be an object with a section, { "uwsgi": { ... } }')
}

/** As uWSGI writes them: true and false are 1 and 0, and null is 0. */
function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number'
    ? String(value)
    : String(Number(value))
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
