/**
 * One INI file: its magic variables, its lines, and the requested section.
 */

import { posix } from 'node:path'
import { formatSuggestion, UndercroftError } from '../../base/index.ts'
import type { GivenOption } from './given-option.ts'
import type { HostEnvironment } from './host-environment.ts'

/** The section to read when none is named. */
export const DEFAULT_SECTION = 'uwsgi'

/** What a file contains for one section. */
export interface IniSection {
  readonly options: readonly GivenOption[]
  readonly warnings: readonly string[]
}

/**
 * Parses the lines of the section, from all blocks of that name. `source` is the file's name in
 * messages.
 */
export function parseIni(
  text: string,
  source: string,
  section: string,
  magic: MagicTable,
): IniSection {
  const options: GivenOption[] = []
  const warnings: string[] = []
  requireNoMark(text, source)
  let current: string | undefined
  let isFound = false
  for (const magicLine of expandMagic(text, magic)) {
    const line = trimBlanks(magicLine.text)
    if (line === '' || line.startsWith(';') || line.startsWith('#')) continue
    if (line.startsWith('[')) {
      // uWSGI takes the last character as the bracket, regardless of what it is.
      current = line.slice(1, -1)
      isFound ||= current === section
      continue
    }
    if (current !== section) continue
    warnings.push(...describeRemoved(magicLine, source))
    const equals = line.indexOf('=')
    const name = equals < 0 ? line : trimBlanks(line.slice(0, equals))
    const value = equals < 0 ? '' : trimBlanks(line.slice(equals + 1))
    options.push({ name, value, origin: { source, line: magicLine.line } })
  }
  if (!isFound) throw missingSection(text, source, section)
  return { options, warnings }
}

/** uWSGI takes the mark for text before the first section, and ignores that section. */
export function requireNoMark(text: string, source: string): void {
  if (!text.startsWith('\ufeff')) return
  throw fileError(
    `${source}:1`,
    'the file begins with a byte order mark; save it as UTF-8 without one',
  )
}

/** The error for a file; `place` is its name, and perhaps a line. */
export function fileError(place: string, claim: string): UndercroftError {
  return new UndercroftError('UNDERCROFT_OPTION_INVALID', `${place}: ${claim}`)
}

function missingSection(text: string, source: string, section: string): UndercroftError {
  const found =
    text.match(/^[ \t]*\[.*\][ \t\r]*$/gm)?.map(line => trimBlanks(line).slice(1, -1)) ?? []
  return noSection(source, section, [...new Set(found)])
}

/** The error for a file without the section; `found` are the sections that it has. */
export function noSection(
  source: string,
  section: string,
  found: readonly string[],
): UndercroftError {
  if (found.length === 0) {
    return fileError(
      source,
      `there is no section [${section}]; write [${section}] before the options`,
    )
  }
  const names = found.slice(0, MAX_SHOWN_SECTIONS).map(name => `[${name}]`)
  return fileError(
    source,
    `there is no section [${section}]${formatSuggestion(section, found)}; ` +
      `it has ${names.join(', ')}. ` +
      `Write [${section}], or read another one as ${source}:${found[0]}`,
  )
}

const MAX_SHOWN_SECTIONS = 5

/** Trims spaces, tabs and the CR of a Windows line end; other white space is part of the text. */
function trimBlanks(text: string): string {
  return text.replace(/^[ \t\r]+|[ \t\r]+$/g, '')
}

/** Returns a warning for each pair that looked like a magic variable. */
export function describeRemoved(line: MagicLine, source: string): string[] {
  return line.removed.map(
    pair =>
      `${source}:${line.line}: ${JSON.stringify(pair)} is not a magic variable and was removed; ` +
      'write %% for a percent sign',
  )
}

// Magic variables such as `%d` and `%n` are replaced in the raw text, before it is split into
// lines. So a `%` at the end of a line removes the line break, and comments are expanded as well,
// as in uWSGI.

/**
 * One line after magic variables were replaced. For lines that a `%` joined, the number is that of
 * the first line.
 */
export interface MagicLine {
  readonly text: string
  /** Counted from 1. */
  readonly line: number
  /** Removed text that is not a magic variable. */
  readonly removed: readonly string[]
}

/** The replacement for each character after `%`. */
export type MagicTable = ReadonlyMap<string, string>

/** Builds the magic variables of a file; `first` is the table of the first loaded file. */
export function buildMagicTable(
  given: string,
  section: string,
  host: HostEnvironment,
  first?: MagicTable,
): MagicTable {
  const { facts } = host
  const path = posix.resolve(facts.cwd, given)
  const directory = posix.dirname(path)
  const fileName = posix.basename(path)
  const extension = posix.extname(fileName)
  const components = directory.split('/').filter(part => part !== '')
  const own: [string, string][] = [
    ['p', path],
    ['s', fileName],
    ['d', directory.endsWith('/') ? directory : `${directory}/`],
    ['n', fileName.slice(0, fileName.length - extension.length)],
    ['e', extension.slice(1)],
    ['c', components.at(-1) ?? ''],
    ['o', given],
    ['x', section],
    ['i', String(host.findInode(path))],
    ['j', djb33xHex(Buffer.from(path))],
  ]
  const table = new Map<string, string>([
    ...own,
    ['v', facts.cwd],
    ['h', facts.hostname],
    ['V', facts.version],
    ['t', String(Math.floor(facts.startedAtMs / 1000))],
    ['T', String(Math.floor(facts.startedAtMs * 1000))],
    ['k', String(facts.cpuCount)],
    ['u', String(facts.userId)],
    ['U', facts.userName],
    ['g', String(facts.groupId)],
    ['G', facts.groupName],
    ['[', '\u001b'],
    ['%', '%'],
    // Left for the placeholders, which are replaced when all values are known.
    ['(', '%('],
  ])
  for (let digit = 0; digit <= 9; digit++) table.set(String(digit), components[digit] ?? '')
  for (const lower of 'odspcenxij') {
    table.set(lower.toUpperCase(), (first ?? table).get(lower) ?? '')
  }
  return table
}

/** Replaces magic variables and splits the text into lines. */
export function expandMagic(source: string, table: MagicTable): MagicLine[] {
  const lines: MagicLine[] = []
  let text = ''
  let removed: string[] = []
  let line = 1
  let firstLine = 1
  const finish = () => {
    lines.push({ text, line: firstLine, removed })
    text = ''
    removed = []
    firstLine = line
  }
  for (let position = 0; position < source.length; position++) {
    let character = source.charAt(position)
    if (character === '%') {
      character = source.charAt(++position)
      const value = table.get(character)
      if (value === undefined) removed.push(`%${character}`)
      else text += value
      if (character === '\n') line++
    } else if (character === '\n') {
      line++
      finish()
    } else text += character
  }
  if (text !== '') finish()
  return lines
}

/** Returns uWSGI's djb33x in hex. uWSGI XORs signed bytes and prints little-endian. */
export function djb33xHex(bytes: Buffer): string {
  let hash = 5381
  for (let index = 0; index < bytes.length; index++) {
    hash = (Math.imul(hash, 33) ^ bytes.readInt8(index)) >>> 0
  }
  const result = Buffer.alloc(4)
  result.writeUInt32LE(hash)
  return result.toString('hex')
}
