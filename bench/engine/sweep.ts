/**
 * `npm run bench -- sweep`: how long each step of the sweeper holds the writer lock, and how long a
 * process waits that writes all the time.
 *
 * The timer drives the real sweeper. Items expire by a clock that this benchmark moves.
 */

import { setTimeout as delay } from 'node:timers/promises'
import { Cache, type CacheOptions } from '../../src/index.ts'
import { Child } from '../../testing/child.ts'
import { until } from '../../testing/deadline.ts'
import { ManualClock } from '../../testing/manual-clock.ts'
import { onEnd, programScope, type Scope } from '../../testing/scope.ts'
import { memoryDir } from '../../testing/temp-dir.ts'
import { VALUE_SIZE } from '../compare/workload.ts'
import { parseRoundOptions, type RoundOptions } from '../options.ts'
import { printMachine } from '../report.ts'
import { type Distribution, distributionOf } from '../results.ts'
import { type Hold, holdNothing, watchLocks } from './lock-watch.ts'
import { WRITER_KEY_COUNT, type WriterAnswer, type WriterOrder } from './sweep-writer.ts'

interface Scenario {
  readonly title: string
  /** The share of items that expires each time; 1 is the worst case. */
  readonly part: number
  readonly valueSize: number
  readonly options: Omit<CacheOptions, 'name'>
}

const ONE_BLOCK = { bitmap: false, blockSize: 128 } as const
const RUN_BLOCK_SIZE = 16
/** 128 blocks, which take longer to free than the slot. */
const LONG_VALUE_SIZE = 2048

const SCENARIOS: readonly Scenario[] = [
  { title: 'one block, a tenth expires at a time', part: 0.1, ...ones('none') },
  { title: 'one block, all expire at once', part: 1, ...ones('none') },
  { title: 'one block, LRU, all at once', part: 1, ...ones('lru') },
  { title: 'one block, adaptive, all at once', part: 1, ...ones('adaptive') },
  {
    title: `runs of ${LONG_VALUE_SIZE / RUN_BLOCK_SIZE} blocks, adaptive, all at once`,
    part: 1,
    valueSize: LONG_VALUE_SIZE,
    options: { bitmap: true, blockSize: RUN_BLOCK_SIZE, eviction: 'adaptive' },
  },
]

/** The writer runs alone for this long before the first sweep. */
const CALM_MS = 1000
const SWEEP_EVERY_MS = 1
const ROUND_LIMIT_MS = 300_000

function ones(eviction: 'none' | 'lru' | 'adaptive'): Pick<Scenario, 'valueSize' | 'options'> {
  return { valueSize: VALUE_SIZE, options: { ...ONE_BLOCK, eviction } }
}

export async function benchSweep(scope: Scope, args: readonly string[]): Promise<void> {
  const options = parseRoundOptions(args, {
    name: 'sweep',
    summary:
      'Measure how long the sweeper holds the writer lock, and how long a writer waits for it.',
  })
  const { itemCount, rounds } = options
  printMachine()
  console.log(`workload  ${itemCount} items, ${rounds} rounds; another process sets ${VALUE_SIZE}`)
  console.log('          bytes under its own keys at full speed. All times in microseconds.\n')
  for (const scenario of SCENARIOS) {
    const result = await measureSweep(scope, scenario, options)
    console.log(scenario.title)
    printRow('  lock held, each step', result.steps)
    printRow('  not interrupted', result.uninterrupted)
    printRow('  as long without a lock', result.control)
    printRow('  a set meanwhile', result.sets)
    printRow('  a set without sweeping', result.calmSets)
  }
}

export interface SweepResult {
  /** How long each step held the lock. */
  readonly steps: Distribution
  /** The steps that the kernel did not interrupt. */
  readonly uninterrupted: Distribution
  /** As many intervals of the median's length without a lock, which show what the machine adds. */
  readonly control: Distribution
  readonly sets: Distribution
  readonly calmSets: Distribution
}

export async function measureSweep(
  outer: Scope,
  scenario: Scenario,
  { itemCount, rounds }: RoundOptions,
): Promise<SweepResult> {
  const scope = programScope()
  outer.after(() => scope.end())
  const clock = new ManualClock()
  const place = { name: 'swept', directory: memoryDir(scope) }
  const cache = openSwept(scope, { ...place, clock }, scenario, itemCount)
  const script = new URL('./sweep-writer.js', import.meta.url)
  const writer = await Child.start<WriterOrder, WriterAnswer>(scope, script)
  await writer.ask({ kind: 'open', ...place })
  const setsDuring = async (work: () => Promise<unknown>) => {
    await writer.ask({ kind: 'resume' })
    await work()
    await writer.ask({ kind: 'pause' })
  }
  await setsDuring(() => delay(CALM_MS))
  const calmSets = await reportOf(writer)
  const holds: Hold[] = []
  for (let round = 0; round < rounds; round++) {
    if (round === 0 || scenario.part === 1) fill(cache, scenario, itemCount)
    await setsDuring(async () => {
      const ended = itemCount * scenario.part
      holds.push(...(await watchLocks(() => sweepOnce(cache, clock, ended))))
    })
  }
  const sets = await reportOf(writer)
  await scope.end()
  const steps = holdTimes(holds)
  const uninterrupted = holdTimes(holds.filter(hold => !hold.wasInterrupted))
  const control = holdTimes(holdNothing(holds.length, steps.median))
  return { steps, uninterrupted, control, sets, calmSets }
}

function openSwept(
  scope: Scope,
  place: Pick<CacheOptions, 'name' | 'directory' | 'clock'>,
  { options, valueSize }: Scenario,
  itemCount: number,
): Cache {
  const maxItems = itemCount + 2 * WRITER_KEY_COUNT
  const blocksAValue = Math.ceil(valueSize / (options.blockSize ?? valueSize))
  const cache = Cache.open({
    ...options,
    ...place,
    ...(options.bitmap === true ? { blocks: maxItems * blocksAValue } : {}),
    maxItems,
    maxKeySize: 32,
    near: false,
    sweepMs: SWEEP_EVERY_MS,
  })
  onEnd(scope, () => cache.close())
  return cache
}

async function reportOf(writer: Child<WriterOrder, WriterAnswer>) {
  const report = await writer.ask({ kind: 'report' })
  if (report === 'done') throw new Error('the writer has nothing to report')
  return report
}

function holdTimes(holds: readonly Hold[]): Distribution {
  return distributionOf(Float64Array.from(holds, hold => hold.heldUs))
}

/** Items expire in parts, and each part is spread over the whole table. */
function fill(cache: Cache, { part, valueSize }: Scenario, itemCount: number): void {
  const value = Buffer.alloc(valueSize, 'x')
  const parts = Math.round(1 / part)
  for (let i = 0; i < itemCount; i++) cache.set(`item:${i}`, value, { ttlMs: 1 + (i % parts) })
}

async function sweepOnce(cache: Cache, clock: ManualClock, count: number): Promise<void> {
  const before = cache.stats().expired
  clock.advance(1)
  await until('they are swept', () => cache.stats().expired >= before + count, ROUND_LIMIT_MS)
}

function printRow(title: string, { count, median, p99, p999, most, overThousand }: Distribution) {
  const figures = [median, p99, p999, most].map(figure => figure.toFixed(1).padStart(9))
  console.log(
    `${title.padEnd(26)} median ${figures[0]}  p99 ${figures[1]}  p99.9 ${figures[2]}  ` +
      `most ${figures[3]}  over 1 ms: ${overThousand} of ${count}`,
  )
}
