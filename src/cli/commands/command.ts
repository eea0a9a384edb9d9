/**
 * What a command is, and what those that work on one cache share.
 */

import { invalidOption } from '../../base/index.ts'
import {
  buildTable,
  checkOptions,
  flagOption,
  type GivenOption,
  OPTION_TABLE,
  type OptionRow,
  type OptionSet,
  type OptionTable,
  type ParsedArguments,
  parseAddress,
  requireRow,
  textOption,
  usageError,
} from '../../uwsgi/options/index.ts'
import type { CommandEnvironment, CommandTarget, TargetAddress } from '../environment.ts'
import type { ExitCode } from '../output.ts'

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

// MERGED: Making a command that works on one cache. /

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

// MERGED: Options of the commands that work on one cache. `serve` has the option table of config; `--cache` is another thing there, as in uWSGI. /

const SHARED = { group: 'command', support: 'now' } as const

/** What every such command takes. */
export const TARGET_ROWS: readonly OptionRow[] = [
  {
    ...SHARED,
    name: 'cache',
    kind: 'string',
    argument: 'NAME[@ADDRESS]',
    default: 'default',
    description: 'The cache; with an address, host:port or a socket path, one on that server.',
  },
  {
    ...SHARED,
    name: 'secret-file',
    kind: 'string',
    argument: 'PATH',
    description: 'File with the secret that the server asks for at this address.',
  },
  requireRow(OPTION_TABLE, 'directory'),
  requireRow(OPTION_TABLE, 'json'),
  requireRow(OPTION_TABLE, 'help'),
]

export const TTL_ROW: OptionRow = {
  ...SHARED,
  name: 'ttl',
  kind: 'string',
  argument: 'DURATION',
  default: 'as the cache says',
  description: 'How long the item lives: seconds, or 500ms, or never.',
}

export const LIMIT_ROW: OptionRow = {
  ...SHARED,
  name: 'limit',
  kind: 'integer',
  min: 1,
  max: Number.MAX_SAFE_INTEGER,
  description: 'Prints at most this many keys.',
}

export const INITIAL_ROW: OptionRow = {
  ...SHARED,
  name: 'initial',
  kind: 'integer64',
  default: 'as the cache says',
  description: 'What a counter that does not exist starts from.',
}

// MERGED: Which cache a command is about. /

/** Reads `--cache` and `--directory`. */
export function readTargetAddress(options: OptionSet): TargetAddress {
  const text = textOption(options, 'cache') ?? ''
  const directory = textOption(options, 'directory')
  const secretFile = textOption(options, 'secret-file')
  const at = text.indexOf('@')
  if (at < 0) {
    if (text === '') throw invalidOption('--cache', 'the name of a cache', text)
    if (secretFile !== undefined) {
      throw usageError(`--secret-file is for caches on a server; ${text} is on this machine`)
    }
    return { name: text, ...(directory === undefined ? {} : { directory }) }
  }
  if (directory !== undefined) {
    throw usageError(`--directory is for caches on this machine; ${text} is on a server`)
  }
  const remote = parseAddress('--cache', text.slice(at + 1))
  return { name: text.slice(0, at), remote, ...(secretFile === undefined ? {} : { secretFile }) }
}
