/**
 * What a command is, and what those that work on one cache share.
 */

import {
  flagOption,
  type GivenOption,
  type OptionRow,
  type OptionSet,
  type OptionTable,
  type ParsedArguments,
  usageError,
} from '../../uwsgi/options/index.ts'
import type { CommandEnvironment, CommandTarget } from '../environment.ts'
import type { ExitCode } from '../exit-codes.ts'
import { readTargetAddress } from './target-address.ts'

/** One command, as `run` finds it. */
export interface Command {
  readonly name: string
  /** What stands behind the name: `KEY [BY]`. */
  readonly words: string
  /** One line. */
  readonly summary: string
  readonly table: OptionTable
  /** Rows that help lists though they are no options of their own. */
  readonly helpRows?: readonly OptionRow[]
  /** Turns a bare word into an option, where a command has such words. */
  readBare?(word: string): GivenOption | undefined
  run(parsed: ParsedArguments, environment: CommandEnvironment): Promise<ExitCode>
}

/** What a command on one cache is given. */
export interface CacheCommandContext {
  readonly words: readonly string[]
  readonly options: OptionSet
  readonly isJson: boolean
  readonly environment: CommandEnvironment
}

/** Opens the cache that `--cache` names, and closes it whatever happens. */
export async function withTarget(
  context: CacheCommandContext,
  act: (target: CommandTarget) => Promise<ExitCode>,
): Promise<ExitCode> {
  const target = await context.environment.openTarget(readTargetAddress(context.options))
  try {
    return await act(target)
  } finally {
    await target.close()
  }
}

/** Throws unless there are as many words as `KEY [BY]` asks for. */
export function requireWords(name: string, pattern: string, words: readonly string[]): void {
  const parts = pattern.split(' ').filter(part => part !== '')
  const needed = parts.filter(part => !part.startsWith('[')).length
  if (words.length >= needed && words.length <= parts.length) return
  const usage = `usage: undercroft ${[name, ...parts].join(' ')}`
  const wrong =
    words.length < needed
      ? `${parts[words.length]} is missing`
      : `"${words[parts.length]}" is too much`
  throw usageError(`${wrong}; ${usage}`)
}

/** Whether JSON was asked for. */
export function wantsJson(options: OptionSet): boolean {
  return flagOption(options, 'json')
}
