/**
 * `undercroft serve`: makes caches and answers for them over the network until told to stop.
 */

import { UndercroftError } from '../base/index.ts'
import {
  CACHE2_TABLE,
  COMMAND_LINE,
  formatAddress,
  type GivenOption,
  loadOptions,
  OPTION_TABLE,
  readEnvironmentOptions,
  usageError,
} from '../config/index.ts'
import { type Command, wantsJson } from './command.ts'
import type { CommandEnvironment, CommandOutput, Listener, ServedCache } from './environment.ts'
import { EXIT } from './exit-codes.ts'
import { writeJson, writeLine } from './output.ts'
import { type PlannedSocket, planServe, type ServePlan } from './serve-plan.ts'
import {
  formatCacheLine,
  formatReachLines,
  formatSocketLine,
  formatStatsLine,
} from './serve-text.ts'

export const SERVE: Command = {
  name: 'serve',
  words: '[FILE.ini]',
  summary: 'Make caches and serve them with the uwsgi protocol',
  table: OPTION_TABLE,
  helpRows: CACHE2_TABLE.rows,
  readBare,
  async run(parsed, environment) {
    const [stray] = parsed.positionals
    if (stray !== undefined)
      throw usageError(`"${stray}" is no INI file: its name must end in .ini`)
    const { outside, stdout, stderr } = environment
    const fromEnvironment = readEnvironmentOptions(outside.environment)
    const loaded = loadOptions([...fromEnvironment, ...parsed.given], outside)
    const plan = planServe(loaded.options)
    for (const warning of [...loaded.warnings, ...plan.warnings]) {
      await writeLine(stderr, `undercroft: warning: ${warning}`)
    }
    const isJson = wantsJson(loaded.options)
    if (!isJson) {
      for (const file of loaded.files) await writeLine(stdout, `configuration from ${file}`)
    }
    const signal = await serve(plan, environment, isJson)
    if (!isJson) await writeLine(stdout, `stopped by ${signal}`)
    return EXIT.done
  },
}

/** A bare `app.ini`, or `app.ini:section`, is `--ini app.ini`. */
function readBare(word: string): GivenOption | undefined {
  const isIni = /\.ini(:[^/]*)?$/.test(word)
  return isIni ? { name: 'ini', value: word, origin: COMMAND_LINE } : undefined
}

/** Starts everything, waits, and takes it down again in the opposite order, also after an error. */
async function serve(
  plan: ServePlan,
  environment: CommandEnvironment,
  isJson: boolean,
): Promise<string> {
  // Before anything is open, so that a signal during the start is not lost.
  const stopped = environment.untilStopped()
  const caches: ServedCache[] = []
  const listeners: Listener[] = []
  let stats: Listener | undefined
  try {
    const log = logTo(isJson ? environment.stderr : environment.stdout)
    for (const definition of plan.caches) {
      caches.push(await environment.serveHost.openCache(definition, plan.directory, log))
    }
    for (const socket of plan.sockets) {
      listeners.push(await listen(socket, caches, plan, environment))
    }
    stats = await listenStats(caches, listeners, plan, environment)
    await announce(caches, listeners, stats, plan, environment, isJson)
    return await stopped
  } finally {
    try {
      const all = stats === undefined ? listeners : [...listeners, stats]
      await Promise.all(all.map(listener => listener.close()))
    } finally {
      for (const cache of caches) cache.close()
    }
  }
}

/** Lines that nobody waits for; they come out in order all the same. */
function logTo(output: CommandOutput): (line: string) => void {
  return line => {
    writeLine(output, line).catch(() => {}) // nobody reads them any more
  }
}

function listen(
  socket: PlannedSocket,
  caches: readonly ServedCache[],
  plan: ServePlan,
  environment: CommandEnvironment,
): Promise<Listener> {
  return bind(socket, () => environment.serveHost.listen(socket.address, caches, plan.limits))
}

/** Undefined: nobody asked for statistics. */
async function listenStats(
  caches: readonly ServedCache[],
  listeners: readonly Listener[],
  plan: ServePlan,
  { serveHost, outside }: CommandEnvironment,
): Promise<Listener | undefined> {
  const { stats, limits } = plan
  if (stats === undefined) return undefined
  const { address, format } = stats
  const sockets = listeners.map(listener => listener.address)
  const { version } = outside.facts
  const mode = limits.mode === undefined ? {} : { mode: limits.mode }
  return bind(stats, () =>
    serveHost.listenStats({ address, format, caches, sockets, version, ...mode }),
  )
}

/** Says which option asked for an address that somebody else has. */
async function bind(socket: PlannedSocket, open: () => Promise<Listener>): Promise<Listener> {
  try {
    return await open()
  } catch (error) {
    if (!isAddressInUse(error)) throw error
    const { address } = socket
    const what = address.kind === 'tcp' ? `port ${address.port}` : `the socket ${address.path}`
    throw new UndercroftError(
      'UNDERCROFT_SYSTEM',
      `${socket.label} ${formatAddress(address)}: ${what} is in use by another program`,
      { cause: error },
    )
  }
}

/** The system's code, on the error itself or on the one it came from. */
function isAddressInUse(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return ('code' in error && error.code === 'EADDRINUSE') || isAddressInUse(error.cause)
}

async function announce(
  caches: readonly ServedCache[],
  listeners: readonly Listener[],
  statsListener: Listener | undefined,
  plan: ServePlan,
  environment: CommandEnvironment,
  isJson: boolean,
): Promise<void> {
  const { stdout } = environment
  const stats = caches.map(cache => cache.stats())
  const addresses = listeners.map(listener => listener.address)
  const statsAddress = statsListener?.address
  if (isJson) {
    const ready = { caches: stats, sockets: addresses.map(formatAddress) }
    await writeJson(stdout, { ...ready, stats: statsAddress && formatAddress(statsAddress) })
    return
  }
  const [first] = stats
  const [address] = addresses
  const lines = [
    ...stats.map(formatCacheLine),
    ...addresses.map((bound, index) => formatSocketLine(index, bound)),
    ...(statsAddress === undefined ? [] : [formatStatsLine(statsAddress)]),
  ]
  if (first !== undefined && address !== undefined) {
    lines.push(...formatReachLines(first.name, address, plan.directory))
  }
  for (const line of lines) await writeLine(stdout, line)
}
