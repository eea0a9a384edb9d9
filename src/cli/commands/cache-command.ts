/**
 * Making a command that works on one cache.
 */

import { buildTable, checkOptions, type OptionRow } from '../../uwsgi/options/index.ts'
import type { ExitCode } from '../exit-codes.ts'
import { type CacheCommandContext, type Command, requireWords, wantsJson } from './command.ts'
import { TARGET_ROWS } from './command-rows.ts'

/** What is particular to one such command. */
export interface CacheCommandParts {
  readonly name: string
  /** What stands behind the name: `KEY [BY]`. */
  readonly words: string
  readonly summary: string
  /** Options beside those that all have. */
  readonly rows?: readonly OptionRow[]
  act(context: CacheCommandContext): Promise<ExitCode>
}

/** The command. */
export function cacheCommand(parts: CacheCommandParts): Command {
  const { name, words, summary } = parts
  const table = buildTable([...(parts.rows ?? []), ...TARGET_ROWS])
  return {
    name,
    words,
    summary,
    table,
    run(parsed, environment) {
      requireWords(name, words, parsed.positionals)
      const { options } = checkOptions(table, parsed.given)
      const isJson = wantsJson(options)
      return parts.act({ words: parsed.positionals, options, isJson, environment })
    },
  }
}
