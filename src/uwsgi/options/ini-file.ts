/**
 * One INI file: its lines, and the section that was asked for.
 */

import type { GivenOption } from './given-option.ts'
import { expandMagic, type MagicLine, type MagicTable } from './ini-magic.ts'

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
