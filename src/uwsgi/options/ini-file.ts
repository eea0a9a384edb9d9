/**
 * One INI file: its lines, and the section that was asked for.
 */

import { posix } from 'node:path'
import type { GivenOption } from './given-option.ts'
import type { HostEnvironment } from './host-environment.ts'

/** The section read when none is named. */
export const DEFAULT_SECTION = 'uwsgi'

/** What a file holds for one section. */
export interface IniSection {
  readonly options: readonly GivenOption[]
  readonly warnings: readonly string[]
}

/** Reads the section's lines, from all blocks of that name. `source` is for messages. */
export function parseIni(
  text: string,
  source: string,
  section: string,
  magic: MagicTable,
): IniSection {
  const options: GivenOption[] = []
  const warnings: string[] = []
  let current: string | undefined
  let isFound = false
  for (const magicLine of expandMagic(text, magic)) {
    const line = trimBlanks(magicLine.text)
    if (line === '' || line.startsWith(';') || line.startsWith('#')) continue
    if (line.startsWith('[')) {
      // uWSGI takes the last character for the bracket, whatever it is.
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
  if (!isFound) {
    const hint = text.startsWith('\ufeff') ? ' (it begins with a byte order mark; remove it)' : ''
    warnings.push(`${source}: no section [${section}] in this file${hint}`)
  }
  return { options, warnings }
}

/** Spaces and tabs, and the CR of a Windows line end; other white space is part of the text. */
function trimBlanks(text: string): string {
  return text.replace(/^[ \t\r]+|[ \t\r]+$/g, '')
}

function describeRemoved(line: MagicLine, source: string): string[] {
  return line.removed.map(
    pair =>
      `${source}:${line.line}: ${JSON.stringify(pair)} was removed; write %% for a percent sign`,
  )
}

// MERGED: Magic variables: `%d`, `%n` and the like, replaced in the raw text of an INI file. This comes before the text is split into lines, so a `%` at the end of a line takes the line break with it, and so it is done in comments too. Both are uWSGI's doing. /

/** One line after replacement. Where a `%` joined lines, the number is the first one's. */
export interface MagicLine {
  readonly text: string
  /** Counted from 1. */
  readonly line: number
  /** What was removed because it is no magic variable. */
  readonly removed: readonly string[]
}

/** What each character after `%` stands for. */
export type MagicTable = ReadonlyMap<string, string>

/** The magic variables of a file; `first` is the table of the first file loaded. */
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

/** Replaces magic variables and splits into lines. */
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

/** uWSGI's djb33x, in hex: it XORs bytes with their sign, and its machine is little-endian. */
export function djb33xHex(bytes: Buffer): string {
  let hash = 5381
  for (let index = 0; index < bytes.length; index++) {
    hash = (Math.imul(hash, 33) ^ bytes.readInt8(index)) >>> 0
  }
  const result = Buffer.alloc(4)
  result.writeUInt32LE(hash)
  return result.toString('hex')
}
