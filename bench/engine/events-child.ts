/** The writers and listeners of `npm run bench -- events`. */

import { setTimeout as delay } from 'node:timers/promises'
import { Cache, type CacheOptions } from '../../src/index.ts'
import { answer } from '../../testing/child-side.ts'
import { monotonicMs } from './monotonic.ts'

export type EventsTask =
  | { readonly kind: 'open'; readonly options: CacheOptions }
  /** Sets a key to the moment of the set. */
  | { readonly kind: 'mark'; readonly key: string }
  /** Sets keys evenly over the time. Answers how many, and the milliseconds that it took. */
  | { readonly kind: 'write'; readonly perSecond: number; readonly seconds: number }
  | { readonly kind: 'listen' }
  /** Answers what came since `listen`. */
  | { readonly kind: 'heard' }
  /** Does nothing for a while. Answers the microseconds of processor time meanwhile. */
  | { readonly kind: 'idle'; readonly ms: number }

export interface EventsAnswer {
  readonly count: number
  readonly gaps: number
  readonly ms: number
  readonly cpuUs: number
}

const KEYS = Array.from({ length: 1000 }, (_, i) => `key-${i}`)
const VALUE = 'x'.repeat(100)
/** The pause between two bursts of sets. */
const BURST_MS = 1

let cache: Cache | undefined
let count = 0
let gaps = 0

answer<EventsTask, EventsAnswer>(async task => {
  if (task.kind === 'open') {
    cache = Cache.open(task.options)
    return result({})
  }
  if (cache === undefined) throw new Error('no cache was opened')
  switch (task.kind) {
    case 'mark':
      cache.set(task.key, monotonicMs())
      return result({})
    case 'write':
      return result(await write(cache, task.perSecond, task.seconds))
    case 'listen':
      cache.on('set', () => count++)
      cache.on('gap', () => gaps++)
      return result({})
    case 'heard':
      return result({ count, gaps })
    case 'idle': {
      const before = process.cpuUsage()
      await delay(task.ms)
      const { user, system } = process.cpuUsage(before)
      return result({ cpuUs: user + system })
    }
  }
})

/** Catches up after a burst that came late, so that the rate is the one that was asked for. */
async function write(subject: Cache, perSecond: number, seconds: number) {
  const total = perSecond * seconds
  const startMs = performance.now()
  let done = 0
  while (done < total) {
    const due = Math.min(total, ((performance.now() - startMs) / 1000) * perSecond)
    for (; done < due; done++) subject.set(KEYS[done % KEYS.length] ?? '', VALUE)
    await delay(BURST_MS)
  }
  return { count: done, ms: performance.now() - startMs }
}

function result(known: Partial<EventsAnswer>): EventsAnswer {
  return { count: 0, gaps: 0, ms: 0, cpuUs: 0, ...known }
}
