/**
 * The option table as text: help for a terminal, and the reference page.
 */

import {
  argumentOf,
  isDescribed,
  isInList,
  OPTION_GROUPS,
  type OptionGroup,
  type OptionRow,
  switchesOf,
} from './option-row.ts'
import { CACHE2_TABLE, OPTION_TABLE, SOCKET_TABLE } from './option-table.ts'

/** Every option that does something here, or that users of uWSGI are likely to have. */
const ALL_ROWS = [...OPTION_TABLE.rows, ...CACHE2_TABLE.rows, ...SOCKET_TABLE.rows].filter(
  isDescribed,
)

const HELP_COLUMN = 34
const HELP_WIDTH = 100

/** Formats all options of `undercroft serve`, by group. */
export function formatAllHelp(): string {
  return formatHelp(ALL_ROWS)
}

/** Formats help for some rows, by group. Rows of a NAME=VALUE list have no dashes. */
export function formatHelp(rows: readonly OptionRow[]): string {
  return groupRows(rows)
    .map(([group, members]) => `${OPTION_GROUPS[group]}:\n${members.map(formatHelpRow).join('')}`)
    .join('\n')
}

/** Formats the whole page docs/reference/options.md. */
export function formatOptionsPage(): string {
  const sections = groupRows(ALL_ROWS).map(
    ([group, members]) =>
      `## ${OPTION_GROUPS[group]}\n\n| option | value | default | support | |\n` +
      `| --- | --- | --- | --- | --- |\n${members.map(formatPageRow).join('')}`,
  )
  return `${PAGE_HEAD}\n${sections.join('\n')}`
}

const PAGE_HEAD = `# Options

<!-- Written by \`npm run docs:options\` from the table in src/uwsgi/options/. Do not edit. -->

Options of \`undercroft serve\`: on the command line with two dashes (one before a single letter),
without dashes in an INI file, in the environment as \`UWSGI_\` and the name in capitals with \`_\`
for \`-\`.

Support: \`now\` works. \`accepted\` has no meaning under Node.js and no effect; one line at start
says so. [All other options of uWSGI](../guide/coming-from-uwsgi.md#not-supported)
have a table of their own.
`

function groupRows(rows: readonly OptionRow[]): [OptionGroup, OptionRow[]][] {
  const groups = Object.keys(OPTION_GROUPS) as OptionGroup[]
  return groups
    .map((group): [OptionGroup, OptionRow[]] => [group, rows.filter(row => row.group === group)])
    .filter(([, members]) => members.length > 0)
}

function formatHelpRow(row: OptionRow): string {
  const head = `  ${formatNames(row)}${formatArgument(row)}`
  const facts = [row.description]
  if (row.default !== undefined) facts.push(`Default: ${row.default}.`)
  if (row.support === 'accepted') facts.push('No meaning here.')
  const lines = wrapWords(facts.join(' '), HELP_WIDTH - HELP_COLUMN)
  const indent = ' '.repeat(HELP_COLUMN)
  const body = lines.join(`\n${indent}`)
  // A head that reaches into the second column gets its own line.
  const gap = head.length < HELP_COLUMN ? indent.slice(head.length) : `\n${indent}`
  return `${head}${gap}${body}\n`
}

function wrapWords(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else {
      line = line === '' ? word : `${line} ${word}`
    }
  }
  return [...lines, line]
}

function formatNames(row: OptionRow): string {
  const names = isInList(row) ? [row.name, ...(row.aliases ?? [])] : switchesOf(row)
  return names.join(', ')
}

function formatArgument(row: OptionRow): string {
  const argument = argumentOf(row)
  if (isInList(row)) return `=${argument === '' ? '1' : argument}`
  if (argument === '') return ''
  return row.isValueOptional === true ? `[=${argument}]` : ` ${argument}`
}

function formatPageRow(row: OptionRow): string {
  const short = row.letter === undefined ? [] : [`-${row.letter}`]
  const all = [row.name, ...(row.aliases ?? []), ...short]
  const names = all.map(name => `\`${name}\``).join(', ')
  const value = row.kind === 'flag' ? 'flag' : `${row.kind}, ${describeValue(row)}`
  const cells = [names, value, row.default ?? '', row.support, row.description]
  return `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |\n`
}

function describeValue(row: OptionRow): string {
  const limits = row.min === undefined ? '' : `${row.min} to ${row.max}`
  const parts = [row.unit ?? argumentOf(row), limits].filter(part => part !== '')
  return parts.join(', ') || 'no value'
}
