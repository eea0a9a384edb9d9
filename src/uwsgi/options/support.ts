/**
 * Refusing what is not supported yet.
 *
 * Apart from reading, so that a configuration can be read and shown whole even where it asks for
 * more than this version does.
 */

import { optionError } from './given-option.ts'
import type { OptionSet } from './option-set.ts'
import { requireRow } from './option-table.ts'
import { parseFlag } from './option-values.ts'

/** Throws for the first option that the table marks `later`. */
export function requireSupported(options: OptionSet): void {
  for (const [name, list] of options.given) {
    const row = requireRow(options.table, name)
    if (row.support !== 'later') continue
    // A flag that is switched off asks for nothing.
    const asking = list.find(given => row.kind !== 'flag' || parseFlag(given.value))
    if (asking !== undefined) throw optionError(asking, 'is not supported yet')
  }
}
