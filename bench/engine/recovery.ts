/**
 * `npm run bench -- recovery`: how long the next writer waits after a writer was killed with the
 * lock, and how long all processes wait for a clear.
 *
 * Each round kills a new process in the middle of a set. The output has the elapsed time and the
 * processor time of the process that takes over, because a loaded machine distorts the former.
 */

import { Cache, type CacheOptions } from '../../src/index.ts'
import { Child } from '../../testing/child.ts'
import { within } from '../../testing/deadline.ts'
import type { FailingTask } from '../../testing/failing-child.ts'
import { onEnd, programScope, type Scope } from '../../testing/scope.ts'
import { memoryDir } from '../../testing/temp-dir.ts'
import { STRING_VALUE, VALUE_SIZE } from '../compare/workload.ts'
import { cpuMsOf } from '../cpu-time.ts'
import { parseRoundOptions, type RoundOptions } from '../options.ts'
import { printMachine } from '../report.ts'
import { spread } from '../results.ts'

const BLOCK_SIZE = 128
const MODES: Readonly<Record<string, Omit<CacheOptions, 'name'>>> = {
  'one block per item': { bitmap: false, eviction: 'none' },
  'one block per item, LRU': { bitmap: false, eviction: 'lru' },
  bitmap: { bitmap: true, eviction: 'none' },
  'bitmap, adaptive': { bitmap: true, eviction: 'adaptive' },
}

/** Milliseconds of each call. */
interface Times {
  readonly wall: number[]
  readonly cpu: number[]
}

export interface RecoveryResult {
  readonly takeover: Times
  readonly clear: Times
  readonly takeovers: number
}

export async function benchRecovery(scope: Scope, args: readonly string[]): Promise<void> {
  const options = parseRoundOptions(args, {
    name: 'recovery',
    summary: 'Measure how long the next writer waits after a kill, and how long a clear takes.',
  })
  printMachine()
  console.log(
    `workload  ${options.itemCount} items of ${VALUE_SIZE} bytes, ${options.rounds} rounds;`,
  )
  console.log('          ms: median (least..most)\n')
  for (const [title, mode] of Object.entries(MODES)) {
    const { takeover, clear } = await measureRecovery(scope, mode, options)
    console.log(title)
    printTimes('  the next set after a kill', takeover)
    printTimes('  clear', clear)
  }
}

export async function measureRecovery(
  outer: Scope,
  mode: Omit<CacheOptions, 'name'>,
  { itemCount, rounds }: RoundOptions,
): Promise<RecoveryResult> {
  const scope = programScope()
  outer.after(() => scope.end())
  const place = { name: 'killed', directory: memoryDir(scope) }
  const cache = openFull(scope, place, mode, itemCount)
  const takeover: Times = { wall: [], cpu: [] }
  const clear: Times = { wall: [], cpu: [] }
  for (let round = 0; round < rounds; round++) {
    await killWriter(scope, place)
    time(takeover, () => cache.set('after', 1))
  }
  const { takeovers } = cache.stats()
  for (let round = 0; round < rounds; round++) {
    if (round > 0) fill(cache, itemCount)
    time(clear, () => cache.clear())
  }
  await scope.end()
  return { takeover, clear, takeovers }
}

function openFull(
  scope: Scope,
  place: { readonly name: string; readonly directory: string },
  mode: Omit<CacheOptions, 'name'>,
  itemCount: number,
): Cache {
  const maxItems = itemCount + 2
  const blocks = mode.bitmap === true ? { blocks: maxItems } : {}
  const size = { maxItems, maxKeySize: 32, blockSize: BLOCK_SIZE, ...blocks }
  const cache = Cache.open({ ...mode, ...place, ...size, near: false, sweepMs: 0 })
  onEnd(scope, () => cache.close())
  fill(cache, itemCount)
  return cache
}

function fill(cache: Cache, itemCount: number): void {
  for (let i = 0; i < itemCount; i++) cache.set(`user:${i}:profile`, STRING_VALUE)
}

async function killWriter(
  scope: Scope,
  place: { readonly name: string; readonly directory: string },
): Promise<void> {
  const script = new URL('../../testing/failing-child.js', import.meta.url)
  const child = await Child.start<FailingTask, string>(scope, script)
  const point = { in: 'set', value: STRING_VALUE } as const
  child.send({ ...place, key: 'victim', signal: 'SIGKILL', point })
  await within('the writer to die', child.exit)
}

function time({ wall, cpu }: Times, work: () => unknown): void {
  const cpuMs = cpuMsOf(() => {
    const startMs = performance.now()
    work()
    wall.push(performance.now() - startMs)
  })
  cpu.push(cpuMs)
}

function printTimes(title: string, { wall, cpu }: Times): void {
  console.log(`${title.padEnd(28)} ${spread(wall, 0)}; processor time ${spread(cpu, 0)}`)
}
