/**
 * Repeatable random numbers: the same seed gives the same run.
 *
 * The seed is fixed unless UNDERCROFT_TEST_SEED (npm test -- --seed N) sets another. So CI is
 * repeatable, and a loop in a shell searches for faults.
 */

export interface Random {
  /** For the message of a failed check. */
  readonly seed: number
  /** @returns a whole number from 0 up to `limit`, exclusive */
  below(limit: number): number
  chance(probability: number): boolean
  pick<T>(choices: readonly T[]): T
  text(length: number): string
}

const DEFAULT_SEED = 20_260_301
const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789'

/** Creates a generator and prints its seed, which node:test shows with the test. */
export function seededRandom(scope: { diagnostic(message: string): void }): Random {
  const seed = Number(process.env.UNDERCROFT_TEST_SEED ?? DEFAULT_SEED) >>> 0
  scope.diagnostic(`UNDERCROFT_TEST_SEED=${seed}`)
  return randomFrom(seed)
}

export function randomFrom(seed: number): Random {
  const next = mulberry32(seed)
  const below = (limit: number): number => Math.floor(next() * limit)
  const pick = <T>(choices: readonly T[]): T => {
    if (choices.length === 0) throw new Error('there is nothing to pick from')
    return choices[below(choices.length)]
  }
  return {
    seed,
    below,
    chance: probability => next() < probability,
    pick,
    text: length => Array.from({ length }, () => pick([...LETTERS])).join(''),
  }
}

/** https://gist.github.com/tommyettinger/46a874533244883189143505d203312c, public domain. */
function mulberry32(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
