/**
 * One process that answers for the caches by itself: `serve` where nothing asks for workers.
 */

import {
  explainingAddressInUse,
  type Listener,
  Pidfile,
  type PlannedSocket,
  readAccess,
  type ServePlan,
} from '../../runner/index.ts'
import { formatAddress } from '../../uwsgi/options/index.ts'
import type { CommandEnvironment, ServedCache } from '../environment.ts'
import { logTo, writeJson, writeLine } from '../output.ts'
import {
  formatCacheLine,
  formatReachLines,
  formatSocketLine,
  formatStatsLine,
} from './serve-text.ts'

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
