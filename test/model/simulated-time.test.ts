/**
 * Long schedules under a clock that is moved by hand: items expire, are swept and are evicted while
 * time continues, stands still, leaps, and goes back.
 *
 * UNDERCROFT_TEST_STEPS gives the steps of each mode, UNDERCROFT_TEST_SEED the seed.
 */

import { describe, test } from 'node:test'
import { type Random, randomFrom, seededRandom } from '../../testing/random.ts'
import { processDir } from '../../testing/temp-dir.ts'
import { type Command, ModelledCache } from './modelled-cache.ts'
import { LONGEST_VALUE, modelledModes } from './modes.ts'

const DEFAULT_STEPS = 2500
const KEY_COUNT = 12
const DAY_MS = 86_400_000

const steps = Number(process.env.UNDERCROFT_TEST_STEPS ?? DEFAULT_STEPS)
const directory = processDir()

describe('over simulated time, what is there is what the model says', () => {
  for (const [index, [name, sizes]] of Object.entries(modelledModes(directory)).entries()) {
    test(name, t => {
      const random = randomFrom(seededRandom(t).seed + index)
      const longest = sizes.bitmap === true ? LONGEST_VALUE.bitmap : LONGEST_VALUE.single
      using subject = new ModelledCache(sizes, directory)
      for (let step = 0; step < steps; step++) {
        const command = nextCommand(random, longest)
        try {
          subject.do(command)
        } catch (error) {
          throw new Error(`step ${step}, ${JSON.stringify(command)}`, { cause: error })
        }
      }
      t.diagnostic(`${steps} steps`)
    })
  }
})

/** Mostly what makes items end: short lives, and time that moves. */
function nextCommand(random: Random, longest: number): Command {
  const key = `key ${random.below(KEY_COUNT)}`
  const choice = random.below(100)
  if (choice < 30) return { kind: 'time', byMs: nextStepMs(random) }
  if (choice < 65) {
    const kind = random.pick(['set', 'set', 'add', 'replace'] as const)
    return { kind, key, size: 6 + random.below(longest - 5), ttlMs: nextTtlMs(random) }
  }
  if (choice < 80) return { kind: random.pick(['get', 'get', 'has', 'delete'] as const), key }
  if (choice < 87) return { kind: 'touch', key, ttlMs: nextTtlMs(random) }
  if (choice < 92) return { kind: 'increment', key, by: 1 }
  return { kind: random.pick(['sweep', 'sweep', 'other attachment'] as const) }
}

function nextTtlMs(random: Random): number {
  if (random.chance(0.1)) return Number.POSITIVE_INFINITY
  return random.chance(0.1) ? random.below(400) * DAY_MS : random.below(100)
}

function nextStepMs(random: Random): number {
  if (random.chance(0.2)) return -random.below(60)
  if (random.chance(0.05)) return random.pick([-1, 1]) * random.below(30) * DAY_MS
  return random.below(40)
}
