/**
 * `npm run bench -- churn`: what share of the blocks holds values while
 * values of mixed sizes are stored and evicted.
 *
 * The benchmark counts and does not time, so a run has the same results everywhere. Each scenario
 * fills the cache and then stores as many values again in each round, half of them under new keys.
 */

import { Cache } from '../../src/index.ts'
import { type Random, randomFrom } from '../../testing/random.ts'
import type { Scope } from '../../testing/scope.ts'
import { memoryDir } from '../../testing/temp-dir.ts'
import { type Goal, goalLine } from '../goal.ts'
import { parseRoundOptions, type RoundOptions } from '../options.ts'

const SEED = 1
const BLOCK_SIZE = 256
/** How often a round looks at the share of used blocks. */
const LOOKS = 20

interface Scenario {
  readonly title: string
  readonly meanSize: number
  readonly sizeOf: (random: Random) => number
}

const SCENARIOS: readonly Scenario[] = [
  {
    title: 'small values, uniform from 64 to 1024 bytes',
    meanSize: 544,
    sizeOf: r => 64 + r.below(961),
  },
  {
    title: 'pages, most of 2 KB, some of 40 KB',
    meanSize: 3000,
    sizeOf: r => logNormal(r, 2000, 1.3),
  },
  {
    title: '100 bytes, and one in 50 of 64 KB',
    meanSize: 1400,
    sizeOf: r => (r.below(50) === 0 ? 65_536 : 100),
  },
  {
    title: 'counters, sessions and images',
    meanSize: 7000,
    sizeOf: r => [8, 900, 20_000][r.below(3)] ?? 8,
  },
]

export async function benchChurn(scope: Scope, args: readonly string[]): Promise<void> {
  const options = parseRoundOptions(args, {
    name: 'churn',
    summary:
      'Count how much of the value blocks holds values while values of mixed sizes come and go.',
    items: 5000,
  })
  console.log(`workload  blocks for ${options.itemCount} values of mean size, seed ${SEED}\n`)
  for (const goal of measureChurn(scope, options)) console.log(goalLine(goal))
}

export function measureChurn(scope: Scope, options: RoundOptions): Goal[] {
  return SCENARIOS.map(scenario => ({
    title: `${scenario.title}: used blocks / all blocks`,
    limit: 0.85,
    best: 'high',
    ratios: churn(scope, scenario, options),
  }))
}

/** @returns the share of blocks that hold values, at the least full moment of each round */
function churn(
  scope: Scope,
  { meanSize, sizeOf }: Scenario,
  { itemCount, rounds }: RoundOptions,
): number[] {
  const random = randomFrom(SEED)
  const cache = Cache.open<Buffer>({
    name: 'churn',
    directory: memoryDir(scope),
    // Enough slots, so that the cache runs out of blocks.
    maxItems: 4 * itemCount,
    maxKeySize: 32,
    blockSize: BLOCK_SIZE,
    blocks: Math.ceil((itemCount * meanSize) / BLOCK_SIZE),
    near: false,
  })
  let newest = 0
  const store = () => {
    const index =
      random.below(2) === 0 ? newest++ : Math.max(0, newest - 1 - random.below(itemCount))
    cache.set(`key-${index}`, Buffer.allocUnsafe(sizeOf(random)))
  }
  const fill = () => 1 - cache.stats().freeBlocks / cache.stats().blocks
  while (cache.stats().evicted < itemCount / 4) for (let i = 0; i < 100; i++) store()
  const leasts = Array.from({ length: rounds }, () => {
    let least = 1
    for (let look = 0; look < LOOKS; look++) {
      for (let i = 0; i < itemCount / LOOKS; i++) store()
      least = Math.min(least, fill())
    }
    return least
  })
  cache.close()
  return leasts
}

/** The Box-Muller transform. */
function logNormal(random: Random, median: number, deviation: number): number {
  const unit = () => (random.below(2 ** 30) + 1) / 2 ** 30
  const z = Math.sqrt(-2 * Math.log(unit())) * Math.cos(2 * Math.PI * unit())
  return Math.min(1e6, Math.max(1, Math.round(median * Math.exp(deviation * z))))
}
