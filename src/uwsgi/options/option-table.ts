/**
 * The one table of options, and how names are looked up in it.
 *
 * Parsing of the command line and INI files, help, and the reference page follow from it. What an
 * option does is implemented elsewhere.
 */

import { assert } from '../../base/index.ts'
import type { OptionRow } from './option-row.ts'
import { CACHE_ROWS } from './rows-cache.ts'
import { CACHE2_ROWS } from './rows-cache2.ts'
import { CONFIGURATION_ROWS, NO_MEANING_ROWS } from './rows-configuration.ts'
import { HTTP_ROWS } from './rows-http.ts'
import { LOGGING_ROWS } from './rows-logging.ts'
import { PROCESS_ROWS } from './rows-processes.ts'
import { SERVER_ROWS, SOCKET_ROWS } from './rows-server.ts'
import { UNSUPPORTED_ROWS } from './rows-unsupported.ts'
import { WORKER_ROWS } from './rows-workers.ts'

/** The rows for one kind of place where options are given, by every name they have. */
export interface OptionTable {
  readonly rows: readonly OptionRow[]
  /** Includes aliases. */
  readonly byName: ReadonlyMap<string, OptionRow>
}

/** All options of `undercroft serve` and of INI files. */
export const OPTION_TABLE = buildTable([
  ...CACHE_ROWS,
  ...SERVER_ROWS,
  ...PROCESS_ROWS,
  ...WORKER_ROWS,
  ...HTTP_ROWS,
  ...LOGGING_ROWS,
  ...CONFIGURATION_ROWS,
  ...NO_MEANING_ROWS,
  ...UNSUPPORTED_ROWS,
])

/** The names inside a `cache2` definition. */
export const CACHE2_TABLE = buildTable(CACHE2_ROWS)

/** The names that may follow the address of a socket. */
export const SOCKET_TABLE = buildTable(SOCKET_ROWS)

/** Builds a table; no two rows may share a name. */
export function buildTable(rows: readonly OptionRow[]): OptionTable {
  const byName = new Map<string, OptionRow>()
  for (const row of rows) {
    for (const name of [row.name, ...(row.aliases ?? [])]) {
      assert(!byName.has(name), `only one option is called ${name}`)
      byName.set(name, row)
    }
  }
  return { rows, byName }
}

/** Returns the row of an option that the code itself names. */
export function requireRow(table: OptionTable, name: string): OptionRow {
  const row = table.byName.get(name)
  assert(row !== undefined && row.name === name, `the option table has a row ${name}`)
  return row
}
