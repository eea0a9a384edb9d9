/**
 * `undercroft top`: shows caches live, in a table that is redrawn at each refresh.
 */

import { invalidOption } from '../../base/index.ts'
import {
  buildTable,
  checkOptions,
  findLast,
  flagOption,
  formatGiven,
  OPTION_TABLE,
  type OptionRow,
  type OptionSet,
  requireRow,
  textOption,
} from '../../uwsgi/options/index.ts'
import { type Command, wantsJson } from '../commands/command.ts'
import { parseDurationMs } from '../durations.ts'
import type { CommandEnvironment } from '../environment.ts'
import { EXIT, type ExitCode, writeJson, writeLine } from '../output.ts'
import { formatFrame } from './frame.ts'
import { type Moment, makeRows, type TopRow } from './rows.ts'
import { parseSources, readSources, type TopSource } from './sources.ts'

const ROWS: readonly OptionRow[] = [
  {
    name: 'interval',
    kind: 'string',
    argument: 'DURATION',
    default: '1',
    group: 'command',
    support: 'now',
    description: 'Time between refreshes: seconds, or 500ms, or 5m.',
  },
  {
    name: 'once',
    kind: 'flag',
    group: 'command',
    support: 'now',
    description: 'Print one frame and exit.',
  },
  requireRow(OPTION_TABLE, 'directory'),
  requireRow(OPTION_TABLE, 'json'),
  requireRow(OPTION_TABLE, 'help'),
]

const TABLE = buildTable(ROWS)

export const TOP: Command = {
  table: TABLE,
  run(parsed, environment) {
    const { options } = checkOptions(TABLE, parsed.given)
    const directory = textOption(options, 'directory')
    const plan: TopPlan = {
      sources: parseSources(parsed.positionals),
      ...(directory === undefined ? {} : { directory }),
      ...readInterval(options),
      isJson: wantsJson(options),
    }
    return flagOption(options, 'once') ? printOnce(plan, environment) : watch(plan, environment)
  },
}

interface TopPlan {
  readonly sources: readonly TopSource[]
  readonly directory?: string
  readonly intervalMs: number
  /** As given. */
  readonly interval: string
  readonly isJson: boolean
}

/** A shorter interval costs more than it shows. */
const MIN_INTERVAL_MS = 100
const MAX_INTERVAL_MS = 86_400_000

function readInterval(options: OptionSet): { intervalMs: number; interval: string } {
  const text = textOption(options, 'interval') ?? ''
  const given = findLast(options, 'interval')
  const name = given === undefined ? 'interval' : formatGiven(given)
  const intervalMs = parseDurationMs(name, text)
  if (!(intervalMs >= MIN_INTERVAL_MS && intervalMs <= MAX_INTERVAL_MS)) {
    throw invalidOption(name, 'from 100ms to 86400 seconds', text)
  }
  return { intervalMs, interval: /\d$/.test(text) ? `${text}s` : text }
}

async function printOnce(plan: TopPlan, environment: CommandEnvironment): Promise<ExitCode> {
  const rows = makeRows(undefined, await takeMoment(plan, environment))
  await printFrame(rows, plan, environment)
  return rows.some(row => row.problem !== undefined) ? EXIT.failure : EXIT.done
}

/**
 * Refreshes until a signal arrives or no process reads the output. Restores the terminal in any
 * case.
 */
async function watch(plan: TopPlan, environment: CommandEnvironment): Promise<ExitCode> {
  const { stdout, topHost } = environment
  const stop = new AbortController()
  void environment.untilStopped().then(() => stop.abort())
  const isScreen = stdout.isTTY && !plan.isJson
  if (isScreen) {
    void topHost.untilKey(QUIT_KEYS, stop.signal).then(() => stop.abort())
    await stdout.write(ENTER_SCREEN)
  }
  try {
    let before: Moment | undefined
    while (!stop.signal.aborted && topHost.isOutputOpen()) {
      const now = await takeMoment(plan, environment)
      const rows = makeRows(before, now)
      await (isScreen ? drawFrame : printFrame)(rows, plan, environment)
      before = now
      await topHost.untilRefresh(plan.intervalMs, stop.signal)
    }
  } finally {
    stop.abort()
    if (isScreen) await stdout.write(LEAVE_SCREEN)
  }
  return EXIT.done
}

/** `q`, and Ctrl-C, which is a key while the terminal passes each key. */
const QUIT_KEYS = 'q\u0003'

async function takeMoment(plan: TopPlan, environment: CommandEnvironment): Promise<Moment> {
  const readings = await readSources(plan.sources, plan.directory, environment)
  return { elapsedMs: environment.topHost.clock.elapsedMs(), readings }
}

// ECMA-48 and xterm: switch to a separate screen without a cursor, and back to the previous
// content.
const ENTER_SCREEN = '\u001b[?1049h\u001b[?25l'
const LEAVE_SCREEN = '\u001b[?25h\u001b[?1049l'
const HOME = '\u001b[H'
const CLEAR_LINE_END = '\u001b[K'
const CLEAR_BELOW = '\u001b[J'

/**
 * Draws over the last frame in one write, to avoid flicker. The last column stays free: with the
 * cursor in it, clearing the rest of the line would also erase the character before it.
 */
async function drawFrame(
  rows: readonly TopRow[],
  plan: TopPlan,
  { stdout, topHost }: CommandEnvironment,
): Promise<void> {
  const size = topHost.terminalSize()
  const lines = formatFrame(rows, plan.interval, { ...size, columns: size.columns - 1 })
  await stdout.write(HOME + lines.join(`${CLEAR_LINE_END}\r\n`) + CLEAR_LINE_END + CLEAR_BELOW)
}

const PLAIN_SIZE = { columns: 80, rows: Number.POSITIVE_INFINITY }

async function printFrame(
  rows: readonly TopRow[],
  plan: TopPlan,
  { stdout, topHost }: CommandEnvironment,
): Promise<void> {
  if (plan.isJson) return writeJson(stdout, { atMs: topHost.clock.nowMs(), caches: rows })
  const size = stdout.isTTY
    ? { ...PLAIN_SIZE, columns: topHost.terminalSize().columns }
    : PLAIN_SIZE
  for (const line of formatFrame(rows, plan.interval, size)) await writeLine(stdout, line)
}
