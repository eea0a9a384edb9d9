/**
 * A master with workers: `serve` where there is an application, or where several processes are
 * asked for. What it prints is what a uWSGI user looks for.
 */

import type { MasterOpened, MasterPlan, MasterReady } from '../../runner/index.ts'
import { formatAddress } from '../../uwsgi/options/index.ts'
import type { CommandEnvironment } from '../environment.ts'
import { logTo, writeJson } from '../output.ts'
import {
  formatCacheLine,
  formatReachLines,
  formatSocketLine,
  formatStatsLine,
} from './serve-text.ts'

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
