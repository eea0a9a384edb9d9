/**
 * All commands, in the order in which help lists them. Each is loaded when it is used: a `get`
 * needs none of the runner.
 */

import { formatSuggestion } from '../../base/index.ts'
import { formatHelp, usageError } from '../../uwsgi/options/index.ts'
import type { CommandEntry } from './command.ts'

const items = () => import('./item-commands.ts')
const caches = () => import('./cache-commands.ts')
const dumps = () => import('./dump-commands.ts')

export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'serve',
    words: '[FILE.ini]',
    summary: 'Open caches, serve them with the uwsgi protocol, and run an application',
    load: async () => (await import('./serve.ts')).SERVE,
  },
  {
    name: 'get',
    words: 'KEY',
    summary: 'Print the value of a key; --raw prints its bytes',
    load: async () => (await items()).GET,
  },
  {
    name: 'set',
    words: 'KEY VALUE',
    summary: 'Store a value; - reads it from standard input',
    load: async () => (await items()).SET,
  },
  {
    name: 'add',
    words: 'KEY VALUE',
    summary: 'Store a value only if the key is absent; - reads it from standard input',
    load: async () => (await items()).ADD,
  },
  {
    name: 'del',
    words: 'KEY',
    summary: 'Delete a key',
    load: async () => (await items()).DEL,
  },
  {
    name: 'exists',
    words: 'KEY',
    summary: 'Exit with 0 if a key is present, with 1 if not',
    load: async () => (await items()).EXISTS,
  },
  {
    name: 'keys',
    words: '',
    summary: 'List the keys, one per line; --json is safe for any bytes',
    load: async () => (await caches()).KEYS,
  },
  {
    name: 'clear',
    words: '',
    summary: 'Delete all items, and print their number',
    load: async () => (await caches()).CLEAR,
  },
  {
    name: 'purge',
    words: '',
    summary: 'Remove pages of an HTTP cache by tag, prefix or URL',
    load: async () => (await import('./purge.ts')).PURGE,
  },
  {
    name: 'inc',
    words: 'KEY [BY]',
    summary: 'Add BY, by default 1, to a counter, and print its new value',
    load: async () => (await items()).INC,
  },
  {
    name: 'ttl',
    words: 'KEY',
    summary: 'Print the remaining lifetime of a key, as 1500ms or never',
    load: async () => (await items()).TTL,
  },
  {
    name: 'stats',
    words: '',
    summary: 'Print the statistics of a cache',
    load: async () => (await caches()).STATS,
  },
  {
    name: 'inspect',
    words: '',
    summary: 'Print how a cache uses its memory, and the bytes that an item costs',
    load: async () => (await caches()).INSPECT,
  },
  {
    name: 'size',
    words: '',
    summary: 'Recommend sizes for a cache from its items and their values',
    load: async () => (await import('./size.ts')).SIZE,
  },
  {
    name: 'top',
    words: '[NAME|ADDRESS ...]',
    summary: 'Show caches live: those of this machine or of stats servers',
    load: async () => (await import('../top/top.ts')).TOP,
  },
  {
    name: 'watch',
    words: 'CACHE [PREFIX]',
    summary: 'Print the changes of a cache, or of the keys that begin with PREFIX',
    load: async () => (await import('./watch.ts')).WATCH,
  },
  {
    name: 'verify',
    words: '',
    summary: 'Check every invariant of a cache; exit with 3 if one is broken',
    load: async () => (await caches()).VERIFY,
  },
  {
    name: 'dump',
    words: 'CACHE',
    summary: 'Write all items to standard output, for load',
    load: async () => (await dumps()).DUMP,
  },
  {
    name: 'load',
    words: 'CACHE',
    summary: 'Store the items of a dump from standard input',
    load: async () => (await dumps()).LOAD,
  },
  {
    name: 'list',
    words: '',
    summary: 'List the caches of this machine, as INSTANCE/NAME or NAME',
    load: async () => (await import('./list.ts')).LIST,
  },
  {
    name: 'destroy',
    words: 'CACHE',
    summary: 'Remove a cache of this machine, with all its items',
    load: async () => (await import('./destroy.ts')).DESTROY,
  },
  {
    name: 'completion',
    words: 'SHELL',
    summary: 'Print the completion script of bash, zsh or fish',
    load: async () => (await import('./completion.ts')).makeCompletion(COMMANDS),
  },
]

/** Formats the overview that `undercroft help` prints. */
export function formatOverview(): string {
  const heads = COMMANDS.map(command => `${command.name} ${command.words}`.trim())
  const width = Math.max(...heads.map(head => head.length))
  const lines = COMMANDS.map(
    (command, index) => `  ${(heads[index] ?? '').padEnd(width)}  ${command.summary}`,
  )
  return `Usage: undercroft COMMAND [OPTIONS]

${lines.join('\n')}

  undercroft help COMMAND   print the options of one command
  undercroft --version      print the version of this package

Exit codes: 0 done or found, 1 miss or not stored, 2 wrong usage, 3 failure.
`
}

/** Formats the help that `undercroft help get` and `undercroft get --help` print. */
export async function formatCommandHelp(entry: CommandEntry): Promise<string> {
  const command = await entry.load()
  const usage = `undercroft ${entry.name} ${entry.words}`.trim()
  const rows = [...command.table.rows, ...(command.helpRows ?? [])]
  return `Usage: ${usage} [OPTIONS]\n\n${entry.summary}.\n\n${formatHelp(rows)}`
}

/** Returns the command of this name; the error suggests the nearest name. */
export function requireCommand(name: string): CommandEntry {
  const command = COMMANDS.find(candidate => candidate.name === name)
  if (command !== undefined) return command
  const names = [...COMMANDS.map(candidate => candidate.name), 'help', '--help', '--version']
  throw usageError(
    `there is no command "${name}"${formatSuggestion(name, names)}; ` +
      'undercroft help lists all commands',
  )
}
