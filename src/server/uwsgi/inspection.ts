/**
 * Inspections: the commands that read a whole cache, which are `keys`, `verify` and dumps, and
 * `segment`, with which a process of this machine reads the cache itself.
 *
 * A verification keeps writers waiting, and a dump takes memory for each item. So inspections of a
 * server take turns, and after each turn writers have the cache for as long as it took.
 */

import type { Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { type ByteCache, REPLICATION, type ReplicableCache, systemClock } from '../../base/index.ts'
import { type InspectOption, isLoopback } from '../../net/index.ts'
import type { CacheCommandName, DictionaryPair } from '../../protocols/uwsgi/index.ts'

export function isInspection(name: CacheCommandName | undefined): boolean {
  return name === 'keys' || name === 'verify' || name === 'segment'
}

/** @returns the file that holds the cache, for the reply to `segment`; undefined without one */
export function segmentPairs(cache: ByteCache): DictionaryPair[] | undefined {
  const file = (cache as Partial<ReplicableCache>)[REPLICATION]?.file
  return (
    file && [
      ['file', file.path],
      ['inode', String(file.inode)],
      ['checksum', String(file.checksum)],
    ]
  )
}

/** @param inspect - The option of the listener; on a Unix socket it is never `local`. */
function mayInspect(inspect: InspectOption, socket: Socket): boolean {
  return inspect === 'local' ? isLoopback(socket.remoteAddress) : inspect
}

/** Inspections that wait for their turn, each on another connection. */
const MAX_PENDING = 64

interface InspectionContext {
  readonly caches: { readonly inspections: Inspections }
  readonly inspect: InspectOption
}

/**
 * Runs an inspection in its turn, unless its client is gone by then.
 *
 * @param maxPending - The inspections that may be under way or wait.
 * @returns why the inspection is refused, or its result.
 */
export function inspect<T>(
  context: InspectionContext,
  socket: Socket,
  run: () => T | Promise<T>,
  maxPending = MAX_PENDING,
): 'inspect' | 'busy' | Promise<T | undefined> {
  if (!mayInspect(context.inspect, socket)) return 'inspect'
  const { inspections } = context.caches
  if (inspections.pendingCount >= maxPending) return 'busy'
  return inspections.run(() => (socket.destroyed ? undefined : run()))
}

/** The inspections of one server. */
export class Inspections {
  /** Those under way or waiting. */
  pendingCount = 0
  #last: Promise<unknown> = Promise.resolve()

  /** Runs an inspection once the ones before it have ended. */
  run<T>(inspection: () => T | Promise<T>): Promise<T> {
    this.pendingCount++
    let busyMs = 0
    const turn = this.#last.then(() => {
      const startedMs = systemClock.elapsedMs()
      try {
        return inspection()
      } finally {
        busyMs = systemClock.elapsedMs() - startedMs
      }
    })
    const end = () => {
      this.pendingCount--
      return rest(busyMs)
    }
    this.#last = turn.then(end, end)
    return turn
  }
}

/** A page of keys takes less than a timer can measure, and needs no rest. */
async function rest(busyMs: number): Promise<void> {
  if (busyMs >= 1) await setTimeout(busyMs)
}
