/**
 * `undercroft serve`: makes caches and answers for them over the network, and runs an application,
 * until told to stop.
 */

import {
  explainingAddressInUse,
  type Listener,
  type MasterOpened,
  type MasterPlan,
  type MasterReady,
  Pidfile,
  type PlannedSocket,
  planServe,
  readAccess,
  type ServePlan,
} from '../../runner/index.ts'
import {
  CACHE2_TABLE,
  COMMAND_LINE,
  formatAddress,
  type GivenOption,
  loadOptions,
  OPTION_TABLE,
  readEnvironmentOptions,
  SOCKET_TABLE,
  usageError,
} from '../../uwsgi/options/index.ts'
import type { CommandEnvironment, ServedCache } from '../environment.ts'
import { EXIT, logTo, writeJson, writeLine } from '../output.ts'
import { type Command, wantsJson } from './command.ts'
import {
  formatCacheLine,
  formatReachLines,
  formatSocketLine,
  formatStatsLine,
} from './serve-text.ts'

export const SERVE: Command = {
  name: 'serve',
  words: '[FILE.ini]',
  summary: 'Make caches, serve them with the uwsgi protocol, and run an application',
  table: OPTION_TABLE,
  helpRows: [...CACHE2_TABLE.rows, ...SOCKET_TABLE.rows],
  readBare,
  async run(parsed, environment) {
    const [stray] = parsed.positionals
    if (stray !== undefined)
      throw usageError(`"${stray}" is no INI file: its name must end in .ini`)
    const { host, stdout, stderr } = environment
    const fromEnvironment = readEnvironmentOptions(host.environment)
    const loaded = loadOptions([...fromEnvironment, ...parsed.given], host)
    const plan = planServe(loaded.options)
    for (const warning of [...loaded.warnings, ...plan.warnings]) {
      await writeLine(stderr, `undercroft: warning: ${warning}`)
    }
    const isJson = wantsJson(loaded.options)
    if (!isJson) {
      for (const file of loaded.files) await writeLine(stdout, `configuration from ${file}`)
    }
    const { workers } = plan
    const signal =
      workers === undefined
        ? await serveAlone(plan, environment, isJson)
        : await serveWithWorkers({ ...plan, workers }, environment, isJson)
    if (!isJson) await writeLine(stdout, `stopped by ${signal}`)
    return EXIT.done
  },
}

/** A bare `app.ini`, or `app.ini:section`, is `--ini app.ini`. */
function readBare(word: string): GivenOption | undefined {
  const isIni = /\.ini(:[^/]*)?$/.test(word)
  return isIni ? { name: 'ini', value: word, origin: COMMAND_LINE } : undefined
}

// MERGED: One process that answers for the caches by itself: `serve` where nothing asks for workers. /

/** Starts everything, waits, and takes it down again in the opposite order, also after an error. */
export async function serveAlone(
  plan: ServePlan,
  environment: CommandEnvironment,
  isJson: boolean,
): Promise<string> {
  // Before anything is open, so that a signal during the start is not lost.
  const stopped = environment.untilStopped()
  const caches: ServedCache[] = []
  const listeners: Listener[] = []
  let stats: Listener | undefined
  const { pidfile: path, environment: variables } = plan.process
  for (const [name, value] of variables) process.env[name] = value
  const pidfile = path === undefined ? undefined : new Pidfile(path)
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
      pidfile?.remove()
    }
  }
}

function listen(
  socket: PlannedSocket,
  caches: readonly ServedCache[],
  plan: ServePlan,
  environment: CommandEnvironment,
): Promise<Listener> {
  return explainingAddressInUse(socket, () =>
    environment.serveHost.listen({ ...socket, access: readAccess(socket) }, caches, plan.limits),
  )
}

/** Undefined: nobody asked for statistics. */
async function listenStats(
  caches: readonly ServedCache[],
  listeners: readonly Listener[],
  plan: ServePlan,
  { serveHost, host }: CommandEnvironment,
): Promise<Listener | undefined> {
  const { stats, limits } = plan
  if (stats === undefined) return undefined
  const sockets = listeners.map(listener => ({
    address: formatAddress(listener.address),
    protocol: 'uwsgi' as const,
  }))
  const { version } = host.facts
  const mode = limits.mode === undefined ? {} : { mode: limits.mode }
  return explainingAddressInUse(stats, () =>
    serveHost.listenStats({ ...stats, caches, sockets, version, ...mode }),
  )
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

// MERGED: A master with workers: `serve` where there is an application, or where several processes are asked for. What it prints is what a uWSGI user looks for. /

/** Runs until a signal ends it, and says which. */
export function serveWithWorkers(
  plan: MasterPlan,
  { serveHost, host, stdout, stderr }: CommandEnvironment,
  isJson: boolean,
): Promise<string> {
  const log = logTo(isJson ? stderr : stdout)
  return serveHost.runMaster(plan, {
    version: host.facts.version,
    onLog: log,
    onOpened(opened) {
      for (const line of isJson ? [] : openedLines(opened)) log(line)
    },
    onReady(ready) {
      if (isJson)
        void writeJson(stdout, describeReady(ready)).catch(() => {}) // nobody reads it
      else for (const line of readyLines(ready, plan)) log(line)
    },
  })
}

function openedLines({ caches, sockets }: MasterOpened): string[] {
  return [
    ...caches.map(formatCacheLine),
    ...sockets.map(({ address, protocol }, index) => formatSocketLine(index, address, protocol)),
  ]
}

function readyLines({ caches, sockets, statsAddress }: MasterReady, plan: MasterPlan): string[] {
  const [first] = caches
  const uwsgi = sockets.find(socket => socket.protocol === 'uwsgi')
  return [
    ...(statsAddress === undefined ? [] : [formatStatsLine(statsAddress)]),
    ...(first === undefined || uwsgi === undefined
      ? []
      : formatReachLines(first.name, uwsgi.address, plan.directory)),
    `all ${plan.workers.processes} workers are ready`,
  ]
}

function describeReady({ caches, sockets, statsAddress, workers }: MasterReady): object {
  return {
    caches,
    sockets: sockets.map(({ address }) => formatAddress(address)),
    stats: statsAddress && formatAddress(statsAddress),
    master: process.pid,
    workers,
  }
}
