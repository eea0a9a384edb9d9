/**
 * `npm run bench -- growth`: the cost of a get in a large cache, of a set in a full cache, and
 * of a large value. Each is compared with the same work in a cheap case.
 *
 * Times are processor time, so other programs on the machine have little effect.
 */

import { Cache } from '../../src/index.ts'
import type { Scope } from '../../testing/scope.ts'
import { memoryDir } from '../../testing/temp-dir.ts'
import { STRING_VALUE } from '../compare/workload.ts'
import { cpuMsOf } from '../cpu-time.ts'
import { type Goal, goalLine } from '../goal.ts'
import { parseRoundOptions, type RoundOptions } from '../options.ts'
import { printMachine } from '../report.ts'
import { ratios } from '../results.ts'

const FEW_ITEMS = 1000
/** Gets in a sample. */
const GETS = 50_000
const FULL_ITEMS = 50_000
const LARGE_SIZE = 64 * 1024
/** More than the nearer processor caches hold, as the pages of a web site are. */
const LARGE_COUNT = 64
/** Enough passes for each sample to include its share of garbage collections. */
const LARGE_PASSES = 50
/** A prime, so that the order of the keys differs from that of the slots. */
const STEP = 7919

export async function benchGrowth(scope: Scope, args: readonly string[]): Promise<void> {
  const options = parseRoundOptions(args, {
    name: 'growth',
    summary:
      'Measure a get in a large cache, a set in a full one, and large values against small ones.',
  })
  printMachine()
  console.log(`workload  strings of ${STRING_VALUE.length}, ${options.rounds} rounds\n`)
  for (const goal of measureGrowth(scope, options)) console.log(goalLine(goal))
}

export function measureGrowth(scope: Scope, options: RoundOptions): Goal[] {
  return [
    measureManyItems(scope, options),
    measureFullCache(scope, options),
    ...measureLargeValues(scope, options),
  ]
}

/** The caches have no near copies, which would speed up only the small one. */
function measureManyItems(scope: Scope, { itemCount, rounds }: RoundOptions): Goal {
  const many = new Filled(scope, 'many', itemCount)
  const few = new Filled(scope, 'few', FEW_ITEMS)
  const tops: number[] = []
  const bottoms: number[] = []
  for (let round = 0; round <= rounds; round++) {
    tops.push(many.get(GETS))
    bottoms.push(few.get(GETS))
  }
  many.close()
  few.close()
  return {
    title: `get: time with ${itemCount} items / with ${FEW_ITEMS}`,
    limit: 2.5,
    best: 'low',
    ratios: ratios(tops, bottoms).slice(1),
  }
}

/** All keys are new. Each set of the second half has to evict an item. */
function measureFullCache(scope: Scope, { rounds }: RoundOptions): Goal {
  const cache = openSized(scope, 'full', FULL_ITEMS)
  const keys = keysInOrder(2 * FULL_ITEMS)
  const store = (from: number) => {
    for (let i = from; i < from + FULL_ITEMS; i++) cache.set(keys[i], STRING_VALUE)
  }
  const tops: number[] = []
  const bottoms: number[] = []
  for (let round = 0; round <= rounds; round++) {
    cache.clear()
    bottoms.push(cpuMsOf(() => store(0)))
    tops.push(cpuMsOf(() => store(FULL_ITEMS)))
  }
  cache.close()
  return {
    title: 'set: time into a full cache / into an empty one',
    limit: 2,
    best: 'low',
    ratios: ratios(tops, bottoms).slice(1),
  }
}

function measureLargeValues(scope: Scope, { rounds }: RoundOptions): Goal[] {
  const values = Array.from({ length: LARGE_COUNT }, (_, i) => Buffer.alloc(LARGE_SIZE, i))
  const keys = keysInOrder(LARGE_COUNT)
  const directory = memoryDir(scope)
  const blocks = LARGE_COUNT + 8
  const cache = Cache.open<Buffer>({
    name: 'large',
    directory,
    maxItems: LARGE_COUNT,
    blockSize: LARGE_SIZE,
    blocks,
  })
  const room = Buffer.alloc(LARGE_COUNT * LARGE_SIZE)
  const copyIn = (i: number) => room.set(values[i] as Buffer, i * LARGE_SIZE)
  const copyOut = (i: number) => {
    const copy = Buffer.allocUnsafe(LARGE_SIZE)
    room.copy(copy, 0, i * LARGE_SIZE, (i + 1) * LARGE_SIZE)
    return copy
  }
  const set = (i: number) => cache.set(keys[i], values[i] as Buffer)
  const get = (i: number) => cache.get(keys[i])
  for (let i = 0; i < LARGE_COUNT; i++) set(i)
  const goals = [
    compareCalls(`get: time with ${LARGE_SIZE} bytes / of a plain copy`, rounds, get, copyOut),
    compareCalls(`set: time with ${LARGE_SIZE} bytes / of a plain copy`, rounds, set, copyIn),
  ]
  cache.close()
  return goals
}

/** Takes one sample of each in every round. Round 0 only warms up. */
function compareCalls(
  title: string,
  rounds: number,
  call: (i: number) => unknown,
  plain: (i: number) => unknown,
): Goal {
  const tops: number[] = []
  const bottoms: number[] = []
  for (let round = 0; round <= rounds; round++) {
    tops.push(cpuMsOf(() => passes(call)))
    bottoms.push(cpuMsOf(() => passes(plain)))
  }
  return { title, limit: 1.3, best: 'low', ratios: ratios(tops, bottoms).slice(1) }
}

function passes(call: (i: number) => unknown): void {
  for (let pass = 0; pass < LARGE_PASSES; pass++) {
    for (let i = 0; i < LARGE_COUNT; i++) call(i)
  }
}

/** A full cache and its keys. Each sample starts at the key where the last one ended. */
class Filled {
  readonly #cache: Cache<string>
  readonly #keys: readonly string[]
  #next = 0

  constructor(scope: Scope, name: string, count: number) {
    this.#cache = openSized(scope, name, count)
    this.#keys = keysInOrder(count)
    for (let i = 0; i < count; i++) this.#cache.set(keyOf(i), STRING_VALUE)
  }

  /** @returns the processor time of `count` gets, in milliseconds */
  get(count: number): number {
    const cache = this.#cache
    const keys = this.#keys
    let next = this.#next
    const ms = cpuMsOf(() => {
      for (let i = 0; i < count; i++) {
        cache.get(keys[next])
        if (++next === keys.length) next = 0
      }
    })
    this.#next = next
    return ms
  }

  close(): void {
    this.#cache.close()
  }
}

function openSized(scope: Scope, name: string, count: number): Cache<string> {
  return Cache.open({
    name,
    directory: memoryDir(scope),
    maxItems: count,
    maxKeySize: 32,
    blockSize: 128,
    blocks: count,
    near: false,
  })
}

/**
 * @returns flat strings in an order that differs from that of the slots. They lie in memory in the
 *   order of their use, so reading them costs little.
 */
function keysInOrder(count: number): string[] {
  return Array.from({ length: count }, (_, i) => keyOf((i * STEP) % count))
}

function keyOf(index: number): string {
  return Buffer.from(`user:${index}:profile`).toString('latin1')
}
