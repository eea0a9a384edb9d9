/**
 * `npm run bench -- events`: what events cost a set, how soon an idle listener in another process
 * hears of one, how many events a second reach two listeners, and what a listener costs that has
 * nothing to do.
 */

import { setTimeout as delay } from 'node:timers/promises'
import { Cache, type CacheOptions } from '../../src/index.ts'
import { Child } from '../../testing/child.ts'
import { until } from '../../testing/deadline.ts'
import { onEnd, type Scope } from '../../testing/scope.ts'
import { median } from '../../testing/statistics.ts'
import { memoryDir } from '../../testing/temp-dir.ts'
import { STRING_VALUE } from '../compare/workload.ts'
import { type Goal, goalLine } from '../goal.ts'
import { parseRoundOptions } from '../options.ts'
import { printMachine } from '../report.ts'
import { ratioOf } from './alternate.ts'
import type { EventsAnswer, EventsTask } from './events-child.ts'
import { monotonicMs } from './monotonic.ts'

/** Enough for listeners that get no processor time for two seconds. */
const MANY_EVENTS = 2 ** 18
const EVENTS = 16_384
const KEYS = Array.from({ length: 1000 }, (_, i) => `key-${i}`)
const CHUNKS = 400
/** Longer than a listener stays awake after an event. */
const PAUSE_MS = 20
const PER_SECOND = 100_000
const LISTENERS = 2

type Process = Child<EventsTask, EventsAnswer>

export interface EventsSettings {
  readonly rounds: number
  /** Events whose latency is measured. */
  readonly marks: number
  readonly perSecond: number
  readonly seconds: number
  readonly idleMs: number
}

export interface EventsResult {
  /** The time of a set with events, as a multiple of one without, for each round. */
  readonly cost: readonly number[]
  /** Milliseconds from the set to the listener. */
  readonly latenciesMs: readonly number[]
  readonly written: EventsAnswer
  readonly heard: readonly EventsAnswer[]
  /** Microseconds of processor time a second, with a listener and without. */
  readonly idleUs: { readonly listening: number; readonly silent: number }
}

export async function benchEvents(scope: Scope, args: readonly string[]): Promise<void> {
  const { rounds } = parseRoundOptions(args, {
    name: 'events',
    summary: 'Measure what events cost, and how soon and how many of them reach listeners.',
  })
  printMachine()
  const settings = { rounds, marks: 200, perSecond: PER_SECOND, seconds: 5, idleMs: 10_000 }
  const { cost, latenciesMs, written, heard, idleUs } = await measureEvents(scope, settings)
  const goal: Goal = {
    title: 'a set with events / without',
    limit: 1.1,
    best: 'low',
    ratios: cost,
  }
  console.log(goalLine(goal))
  const sorted = latenciesMs.toSorted((a, b) => a - b)
  const [p99 = Number.NaN] = sorted.slice(Math.floor(sorted.length * 0.99))
  console.log('from a set to an idle listener in another process, ms: median (p99, most)')
  console.log(
    `  ${median(sorted).toFixed(2)} (${p99.toFixed(2)}, ${(sorted.at(-1) ?? 0).toFixed(2)})`,
  )
  const rate = Math.round(written.count / (written.ms / 1000))
  console.log(`${written.count} events, ${rate} a second, to ${LISTENERS} listeners: heard (gaps)`)
  for (const { count, gaps } of heard) console.log(`  ${count} (${gaps})`)
  console.log('processor time of an idle process, us a second: with a listener (without)')
  console.log(`  ${idleUs.listening.toFixed(0)} (${idleUs.silent.toFixed(0)})`)
}

export async function measureEvents(scope: Scope, settings: EventsSettings): Promise<EventsResult> {
  const directory = memoryDir(scope)
  const open = (name: string, events: number) => {
    const options: CacheOptions = { name, directory, maxItems: 2 * KEYS.length, events }
    const cache = Cache.open(options)
    onEnd(scope, () => cache.destroy())
    return { cache, options }
  }
  const silent = open('silent', 0)
  const loud = open('loud', EVENTS)
  const busy = open('busy', MANY_EVENTS)
  const cost = Array.from({ length: settings.rounds }, () =>
    ratioOf(
      CHUNKS,
      () => setAll(silent.cache),
      () => setAll(loud.cache),
    ),
  )
  const start = async (options: CacheOptions) => {
    const child: Process = await Child.start(scope, new URL('./events-child.js', import.meta.url))
    await child.ask({ kind: 'open', options })
    return child
  }
  const marker = await start(loud.options)
  const latenciesMs = await measureLatencies(loud.cache, marker, settings.marks)
  const [writer, ...listeners] = await Promise.all(
    Array.from({ length: 1 + LISTENERS }, () => start(busy.options)),
  )
  for (const listener of listeners) await listener.ask({ kind: 'listen' })
  const written = await writer.ask({ kind: 'write', ...settings })
  await delay(PAUSE_MS)
  const heard: EventsAnswer[] = []
  for (const listener of listeners) heard.push(await hearAll(listener, written.count))
  return {
    cost,
    latenciesMs,
    written,
    heard,
    idleUs: await measureIdle(listeners, writer, settings),
  }
}

function setAll(cache: Cache): void {
  for (const key of KEYS) cache.set(key, STRING_VALUE)
}

async function measureLatencies(cache: Cache, writer: Process, marks: number): Promise<number[]> {
  const latenciesMs: number[] = []
  using _stop = cache.watch('mark', setAtMs => {
    latenciesMs.push(monotonicMs() - Number(setAtMs))
  })
  for (let mark = 0; mark < marks; mark++) {
    await delay(PAUSE_MS)
    await writer.ask({ kind: 'mark', key: 'mark' })
    await until('the event came', () => latenciesMs.length > mark)
  }
  return latenciesMs
}

/** Waits until no event is missing, or until a gap says that some will not come. */
async function hearAll(listener: Process, count: number): Promise<EventsAnswer> {
  return until('the events came', async () => {
    const heard = await listener.ask({ kind: 'heard' })
    return heard.count >= count || heard.gaps > 0 ? heard : undefined
  })
}

async function measureIdle(
  [listener]: readonly Process[],
  writer: Process,
  { idleMs }: EventsSettings,
): Promise<EventsResult['idleUs']> {
  const perSecond = async (child: Process | undefined) => {
    const idle = await child?.ask({ kind: 'idle', ms: idleMs })
    return (idle?.cpuUs ?? Number.NaN) / (idleMs / 1000)
  }
  const [listening, silent] = await Promise.all([perSecond(listener), perSecond(writer)])
  return { listening, silent }
}
