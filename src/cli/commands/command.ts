/**
 * What a command is, and what the commands on one cache share: their options, and the cache they
 * open.
 */

import { hasAddress, invalidOption } from '../../base/index.ts'
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

/** What help lists of a command, and where its code is. */
export interface CommandEntry {
  readonly name: string
  /** The words after the name, such as `KEY [BY]`. */
  readonly words: string
  /** One line. */
  readonly summary: string
  load(): Promise<Command>
}

/** The code of one command. */
export interface Command {
  readonly table: OptionTable
  /** Rows that help lists in addition, although they are not options of the command itself. */
  readonly helpRows?: readonly OptionRow[]
  /** Converts a bare word to an option, for commands with such words. */
  readBare?(word: string): GivenOption | undefined
  run(parsed: ParsedArguments, environment: CommandEnvironment): Promise<ExitCode>
}

/** Arguments of a command on one cache. */
export interface CacheCommandContext {
  readonly words: readonly string[]
  readonly options: OptionSet
  /** The cache as it was named. */
  readonly cacheText: string
  readonly isJson: boolean
  readonly environment: CommandEnvironment
}

/** Opens the cache that `--cache` names, and closes it afterwards, also after an error. */
export async function withTarget(
  context: CacheCommandContext,
  act: (target: CommandTarget) => Promise<ExitCode>,
): Promise<ExitCode> {
  const target = await context.environment.openTarget(readTargetAddress(context))
  try {
    return await act(target)
  } finally {
    await target.close()
  }
}

/**
 * Throws unless the number of words fits a pattern such as `KEY [BY]`. A pattern with `...` has no
 * maximum.
 */
export function requireWords(name: string, pattern: string, words: readonly string[]): void {
  const parts = pattern.split(' ').filter(part => part !== '')
  const needed = parts.filter(part => !/^\[|^\.\.\./.test(part)).length
  const isOpen = pattern.includes('...')
  if (words.length >= needed && (isOpen || words.length <= parts.length)) return
  const usage = `usage: undercroft ${[name, ...parts].join(' ')}`
  const wrong =
    words.length < needed
      ? `${parts[words.length]} is missing`
      : `"${words[parts.length]}" is one argument too many`
  throw usageError(`${wrong}; ${usage}`)
}

/** Returns whether JSON was requested. */
export function wantsJson(options: OptionSet): boolean {
  return flagOption(options, 'json')
}

/** What distinguishes one such command. */
export interface CacheCommandParts {
  /** Options in addition to those that all these commands have. */
  readonly rows?: readonly OptionRow[]
  act(context: CacheCommandContext): Promise<ExitCode>
}

/** Makes a command that works on the cache that `--cache` names. */
export function cacheCommand({ rows = [], act }: CacheCommandParts): Command {
  const table = buildTable([...rows, ...TARGET_ROWS])
  return commandOn(table, act, (_words, options) => textOption(options, 'cache') ?? '')
}

/** Makes a command that works on the cache that its first word names. */
export function namedCacheCommand({ rows = [], act }: CacheCommandParts): Command {
  const table = buildTable([...rows, ...TARGET_ROWS.filter(({ name }) => name !== 'cache')])
  return commandOn(table, act, ([name = '']) => name)
}

function commandOn(
  table: OptionTable,
  act: CacheCommandParts['act'],
  findCache: (words: readonly string[], options: OptionSet) => string,
): Command {
  return {
    table,
    run({ given, positionals: words }, environment) {
      const { options } = checkOptions(table, given)
      const cacheText = findCache(words, options)
      return act({ words, options, cacheText, isJson: wantsJson(options), environment })
    },
  }
}

const SHARED = { group: 'command', support: 'now' } as const

/**
 * Options of every command on one cache. In `serve`, `--cache` means something else, as in uWSGI.
 */
export const TARGET_ROWS: readonly OptionRow[] = [
  {
    ...SHARED,
    name: 'cache',
    kind: 'string',
    argument: '[INSTANCE/]NAME[@ADDRESS]',
    default: 'default',
    description:
      'Cache to use; with an address (host:port or a socket path), a cache on that server; with ' +
      'an address alone, its first cache.',
  },
  {
    ...SHARED,
    name: 'secret-file',
    kind: 'string',
    argument: 'PATH',
    description: 'Read the secret that the server requires at this address from this file.',
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
  default: 'the setting of the cache',
  description: 'Lifetime of the item: seconds, or 500ms, 5m, 2h, 7d, or never.',
}

export const LIMIT_ROW: OptionRow = {
  ...SHARED,
  name: 'limit',
  kind: 'integer',
  min: 1,
  max: Number.MAX_SAFE_INTEGER,
  description: 'Print at most this many keys.',
}

export const INITIAL_ROW: OptionRow = {
  ...SHARED,
  name: 'initial',
  kind: 'integer64',
  default: 'the setting of the cache',
  description: 'Initial value of a counter that does not exist yet.',
}

/** Parses the name of the cache, `--secret-file` and `--directory`. */
export function readTargetAddress({
  cacheText: text,
  options,
}: Pick<CacheCommandContext, 'cacheText' | 'options'>): TargetAddress {
  const directory = textOption(options, 'directory')
  const secretFile = textOption(options, 'secret-file')
  if (!hasAddress(text)) {
    if (text === '') throw invalidOption('--cache', 'the name of a cache', text)
    if (secretFile !== undefined) {
      throw usageError(`--secret-file is for caches on a server; ${text} is on this machine`)
    }
    return { name: text, ...(directory === undefined ? {} : { directory }) }
  }
  if (directory !== undefined) {
    throw usageError(`--directory is for caches on this machine; ${text} is on a server`)
  }
  const [, name = '', address = ''] = /^(?:((?!\/)[^@]*)@)?(.*)$/s.exec(text) ?? []
  const remote = parseAddress('--cache', address)
  return { name, remote, ...(secretFile === undefined ? {} : { secretFile }) }
}
