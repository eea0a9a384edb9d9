/**
 * The table of options of uWSGI that undercroft does not have, for the page of those who come from
 * uWSGI.
 */

import { OPTION_TABLE, type OptionRow } from '../src/uwsgi/options/index.ts'

const BEGIN = '<!-- The table of options that are not supported: npm run docs:options -->'
const END = '<!-- The end of the table of options that are not supported -->'

/** @returns the page with the table as the code has it now */
export function withUnsupportedTable(page: string): string {
  const begin = page.indexOf(BEGIN)
  const end = page.indexOf(END)
  if (begin < 0 || end < begin) throw new Error(`the page has lost "${BEGIN}" or "${END}"`)
  return `${page.slice(0, begin)}${BEGIN}\n\n${formatTable()}\n${page.slice(end)}`
}

function formatTable(): string {
  const head = '| options | here | what to do, or why |\n| --- | --- | --- |\n'
  const byReason = new Map<string, OptionRow[]>()
  for (const row of OPTION_TABLE.rows.filter(({ group }) => group === 'unsupported')) {
    const rows = byReason.get(row.description) ?? []
    byReason.set(row.description, [...rows, row])
  }
  return head + [...byReason].map(([reason, rows]) => formatLine(reason, rows)).join('')
}

function formatLine(reason: string, rows: readonly OptionRow[]): string {
  const names = rows.map(({ name }) => `\`${name}\``).sort()
  const verdict = rows[0]?.support === 'accepted' ? 'no meaning' : 'out of scope'
  return `| ${names.join(', ')} | ${verdict} | ${reason} |\n`
}
