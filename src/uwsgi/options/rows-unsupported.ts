/**
 * The options of uWSGI that undercroft does not have, as rows of the option table.
 *
 * The names are those of uWSGI's reference of options and of its plugins. They stand in
 * `unsupported-core.ts` and `unsupported-plugins.ts`. An option that becomes supported moves from
 * there to one of the other `rows-*.ts` files.
 */

import type { NamesByReason, OptionRow, OptionSupport } from './option-row.ts'
import { CORE_OUT_OF_SCOPE, CORE_WITHOUT_MEANING } from './unsupported-core.ts'
import { PLUGINS_OUT_OF_SCOPE, PLUGINS_WITHOUT_MEANING } from './unsupported-plugins.ts'

export const UNSUPPORTED_ROWS: readonly OptionRow[] = [
  ...rowsOf('refused', CORE_OUT_OF_SCOPE),
  ...rowsOf('refused', PLUGINS_OUT_OF_SCOPE),
  ...rowsOf('accepted', CORE_WITHOUT_MEANING),
  ...rowsOf('accepted', PLUGINS_WITHOUT_MEANING),
]

function rowsOf(support: OptionSupport, names: NamesByReason): OptionRow[] {
  return Object.entries(names).flatMap(([reason, words]) =>
    words
      .trim()
      .split(/\s+/)
      .map(word => rowOf(support, reason, word)),
  )
}

function rowOf(support: OptionSupport, reason: string, word: string): OptionRow {
  const name = word.replace('=', '')
  const kind = word === name ? 'flag' : 'list'
  return { name, kind, group: 'unsupported', support, description: reason }
}
