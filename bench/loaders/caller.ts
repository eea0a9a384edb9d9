/**
 * A process whose callers ask one cache for values, and count what it loads. The other side is
 * loaders.ts.
 */

import { setTimeout as delay } from 'node:timers/promises'
import { answer } from '../../testing/child-side.ts'
import { type LoadingCache, type LoadingCacheName, openLoading, type Place } from './caches.ts'

export type CallerTask = OpenTask | TimeTask | StampedeTask

interface OpenTask {
  readonly kind: 'open'
  readonly cache: LoadingCacheName
  readonly place: Omit<Place, 'name' | 'ttlMs'>
}

/** Asks for new keys, then often for the same ones, and once for others after their TTL. */
interface TimeTask {
  readonly kind: 'time'
  readonly keys: readonly string[]
  readonly gets: number
}

/** Asks for one key from many callers at once. */
interface StampedeTask {
  readonly kind: 'stampede'
  readonly key: string
  readonly callers: number
}

export interface CallerReply {
  /** How often the cache loaded. */
  readonly loads: number
  /** Processor time of a call, in nanoseconds. */
  readonly times?: { readonly miss: number; readonly hit: number; readonly stale: number }
  /** How long each caller waited, as a multiple of the time that a load takes. */
  readonly waits?: readonly number[]
}

/** Longer than the time in which all processes have begun to ask. */
const SLOW_LOAD_MS = 200

const BRIEF_MS = 1000

const VALUE = 'v'.repeat(100)
let loads = 0
let loadMs = 0
/** Its values stay fresh. */
let steady: LoadingCache | undefined
/** Its values become stale. */
let brief: LoadingCache | undefined

answer<CallerTask, CallerReply>(async task => {
  loads = 0
  if (task.kind === 'open') {
    const { cache, place } = task
    steady = openLoading(cache, { ...place, name: `${cache}-steady`, ttlMs: 3_600_000 }, load)
    brief = openLoading(cache, { ...place, name: `${cache}-brief`, ttlMs: BRIEF_MS }, load)
  } else if (steady === undefined || brief === undefined) throw new Error('no cache is open')
  else if (task.kind === 'stampede') return { waits: await stampede(steady, task), loads }
  else return { times: await time(steady, brief, task), loads }
  return { loads }
})

async function load(): Promise<string> {
  loads++
  if (loadMs > 0) await delay(loadMs)
  return VALUE
}

async function time(fresh: LoadingCache, stale: LoadingCache, { keys, gets }: TimeTask) {
  loadMs = 0
  const rounds = Math.ceil(gets / keys.length)
  const askAll = async (subject: LoadingCache) => {
    for (const key of keys) await subject.get(key)
  }
  await askAll(stale)
  const filledAtMs = performance.now()
  const miss = await cpuNsOf(() => askAll(fresh))
  const hit = await cpuNsOf(async () => {
    for (let round = 0; round < rounds; round++) await askAll(fresh)
  })
  await delay(Math.max(0, filledAtMs + BRIEF_MS * 1.1 - performance.now()))
  const staleHit = await cpuNsOf(() => askAll(stale))
  return {
    miss: miss / keys.length,
    hit: hit / (rounds * keys.length),
    stale: staleHit / keys.length,
  }
}

async function stampede(subject: LoadingCache, { key, callers }: StampedeTask): Promise<number[]> {
  loadMs = SLOW_LOAD_MS
  const startedAtMs = performance.now()
  return Promise.all(
    Array.from({ length: callers }, async () => {
      await subject.get(key)
      return (performance.now() - startedAtMs) / SLOW_LOAD_MS
    }),
  )
}

async function cpuNsOf(run: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage()
  await run()
  const { user, system } = process.cpuUsage(before)
  return (user + system) * 1000
}
