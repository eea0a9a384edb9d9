/**
 * All commands, in the order in which help lists them.
 */

import { formatSuggestion } from '../../base/index.ts'
import { formatHelp, usageError } from '../../uwsgi/options/index.ts'
import { TOP } from '../top/top.ts'
import { CLEAR, INSPECT, KEYS, STATS, VERIFY } from './cache-commands.ts'
import type { Command } from './command.ts'
import { ADD, DEL, EXISTS, GET, INC, SET, TTL } from './item-commands.ts'
import { LIST } from './list.ts'
import { SERVE } from './serve.ts'
import { SIZE } from './size.ts'

export const COMMANDS: readonly Command[] = [
  SERVE,
  GET,
  SET,
  ADD,
  DEL,
  EXISTS,
  KEYS,
  CLEAR,
  INC,
  TTL,
  STATS,
  INSPECT,
  SIZE,
  TOP,
  VERIFY,
  LIST,
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
export function formatCommandHelp(command: Command): string {
  const usage = `undercroft ${command.name} ${command.words}`.trim()
  const rows = [...command.table.rows, ...(command.helpRows ?? [])]
  return `Usage: ${usage} [OPTIONS]\n\n${command.summary}.\n\n${formatHelp(rows)}`
}

/** Returns the command of this name; the error suggests the nearest name. */
export function requireCommand(name: string): Command {
  const command = COMMANDS.find(candidate => candidate.name === name)
  if (command !== undefined) return command
  const names = [...COMMANDS.map(candidate => candidate.name), 'help', '--help', '--version']
  throw usageError(
    `there is no command "${name}"${formatSuggestion(name, names)}; ` +
      'undercroft help lists all commands',
  )
}
