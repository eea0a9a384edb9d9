/**
 * `npm run bench -- chains`: what is gained by placing the most requested items first in their
 * chains.
 *
 * Two full caches with the same items receive the same requests. In one of them, chains are ordered
 * after each round.
 */

import type { ValueDecoder } from '../../src/base/index.ts'
import { Depths } from '../../testing/depths.ts'
import { randomFrom } from '../../testing/random.ts'
import type { Scope } from '../../testing/scope.ts'
import { type Bench, openBench } from '../../testing/segments.ts'
import { median } from '../../testing/statistics.ts'
import { chunksOf, STRING_VALUE } from '../compare/workload.ts'
import { parseRoundOptions } from '../options.ts'
import { printMachine } from '../report.ts'

const SEED = 1
/** The engine samples requests, so fewer of them show no effect. */
const LEAST_REQUESTS = 200_000
/** A prime, which spreads the most requested keys over all slots and chains. */
const SPREAD = 7919

export interface OrderedRound {
  /** The mean number of slots compared until the key was found. */
  readonly depth: number
  /** The median over chunks of requests. */
  readonly nsPerGet: number
  /** The same figures for the cache without ordering. */
  readonly plainDepth: number
  readonly plainNsPerGet: number
  /** Duration of the ordering after this round. */
  readonly orderMs: number
}

export async function benchChains(_scope: Scope, args: readonly string[]): Promise<void> {
  const { itemCount, rounds } = parseRoundOptions(args, {
    name: 'chains',
    summary:
      'Measure what a lookup gains when the items asked for most come first in their chains.',
  })
  printMachine()
  console.log(`workload  ${itemCount} items in a full cache, strings of ${STRING_VALUE.length};`)
  console.log(
    `          ${rounds} rounds of ${requestCount(itemCount)} gets, key of rank r 1/r as often\n`,
  )
  console.log(
    'round   mean depth, ordered / not    ns per get, ordered / not    ms of ordering after',
  )
  const results = measureOrder(itemCount, rounds)
  for (const [round, result] of results.entries()) {
    const depths = `${result.depth.toFixed(3)} / ${result.plainDepth.toFixed(3)}`
    const times = `${result.nsPerGet.toFixed(0)} / ${result.plainNsPerGet.toFixed(0)}`
    const cells = [String(round).padEnd(8), depths.padEnd(29), times.padEnd(27)]
    console.log(`${cells.join('')}${result.orderMs.toFixed(2)}`)
  }
  const ratio = median(
    results.slice(1).map(({ nsPerGet: own, plainNsPerGet }) => own / plainNsPerGet),
  )
  console.log(`\ntime of a get, ordered / not, median from round 1 on: ${ratio.toFixed(3)}`)
}

/** @returns one result for each round; round 0 precedes the first ordering */
export function measureOrder(itemCount: number, rounds: number): OrderedRound[] {
  const [ordered, plain] = [fullBench(itemCount), fullBench(itemCount)]
  const orderedDepths = new Depths(ordered.parts)
  const asked = requests(itemCount)
  const plainDepth = new Depths(plain.parts).meanOf(asked)
  const results: OrderedRound[] = []
  for (let round = 0; round <= rounds; round++) {
    const times = nsPerGet(ordered, plain, asked)
    const depth = orderedDepths.meanOf(asked)
    const startMs = performance.now()
    ordered.engine.upkeep.orderChains()
    results.push({ ...times, depth, plainDepth, orderMs: performance.now() - startMs })
  }
  return results
}

function fullBench(maxItems: number): Bench {
  const bench = openBench({ maxItems, blockSize: 128, maxKeySize: 32 })
  for (let i = 0; i < maxItems; i++) bench.set(keyOf(i), STRING_VALUE)
  return bench
}

/** @returns keys whose share of the requests is proportional to 1/rank */
function requests(itemCount: number): string[] {
  const random = randomFrom(SEED)
  const keys = Array.from({ length: itemCount }, (_, i) => keyOf(i))
  return Array.from({ length: requestCount(itemCount) }, () => {
    const rank = Math.floor(itemCount ** (random.below(2 ** 30) / 2 ** 30))
    return keys[(rank * SPREAD) % itemCount] ?? ''
  })
}

function requestCount(itemCount: number): number {
  return Math.max(itemCount, LEAST_REQUESTS)
}

function keyOf(index: number): string {
  return `user:${index}:profile`
}

/** @returns medians over chunks of requests, each measured on both caches in direct succession */
function nsPerGet(
  ordered: Bench,
  plain: Bench,
  asked: readonly string[],
): { nsPerGet: number; plainNsPerGet: number } {
  const times: number[] = []
  const plainTimes: number[] = []
  for (const [index, chunk] of chunksOf(asked).entries()) {
    // The first cache to run brings the keys into the processor's caches for the second.
    if (index % 2 === 0) times.push(timeOf(ordered, chunk))
    plainTimes.push(timeOf(plain, chunk))
    if (index % 2 === 1) times.push(timeOf(ordered, chunk))
  }
  return { nsPerGet: median(times), plainNsPerGet: median(plainTimes) }
}

function timeOf({ engine }: Bench, asked: readonly string[]): number {
  const startNs = process.hrtime.bigint()
  for (let i = 0; i < asked.length; i++) engine.get(asked[i], firstByte)
  return Number(process.hrtime.bigint() - startNs) / asked.length
}

const firstByte: ValueDecoder<number> = (bytes, offset) => bytes[offset]
