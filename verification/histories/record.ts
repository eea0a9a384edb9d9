/**
 * Records histories of several processes that use one cache, and checks them.
 */

import type { CacheOptions } from '../../src/index.ts'
import { Child } from '../../testing/child.ts'
import { type Random, randomFrom } from '../../testing/random.ts'
import { programScope } from '../../testing/scope.ts'
import { memoryDir } from '../../testing/temp-dir.ts'
import type { CallerTask } from './caller.ts'
import { brokenKeys, type Operation } from './linearizability.ts'

const CALLERS = 3
/** Rounds that one set of processes records. The items of more rounds do not fit. */
const ROUNDS_A_CACHE = 50
/** The limit for a loaded machine. A history usually takes about a second. */
const HISTORY_LIMIT_MS = 150_000

const ROOM = { maxItems: 500, maxKeySize: 48 }
const SINGLE = { ...ROOM, bitmap: false, blockSize: 256 }
const BITMAP = { ...ROOM, bitmap: true, blockSize: 64, blocks: 4000 }

/** Each has space for all items, because an eviction would look like a delete without a call. */
export const HISTORY_MODES: Readonly<Record<string, Omit<CacheOptions, 'name'>>> = {
  'one block, nothing evicted': { ...SINGLE, eviction: 'none' },
  'one block, lru': { ...SINGLE, eviction: 'lru' },
  'one block, without near copies': { ...SINGLE, near: false },
  'bitmap, nothing evicted': { ...BITMAP, eviction: 'none' },
  'bitmap, adaptive': { ...BITMAP, eviction: 'adaptive' },
}

export interface Finding {
  readonly operations: number
  /** Pairs of operations on one item that were under way at the same time. */
  readonly overlaps: number
  readonly broken: readonly { readonly key: string; readonly history: readonly Operation[] }[]
}

/** Records and checks rounds in one mode, each set of rounds in a new cache. */
export async function checkMode(mode: string, rounds: number, seed: number): Promise<Finding> {
  const random = randomFrom(seed)
  let finding: Finding = { operations: 0, overlaps: 0, broken: [] }
  for (let first = 0; first < rounds && finding.broken.length === 0; first += ROUNDS_A_CACHE) {
    const history = await record(mode, Math.min(ROUNDS_A_CACHE, rounds - first), first, random)
    const broken = brokenKeys(history).map(key => {
      return { key, history: history.filter(operation => operation.key === key) }
    })
    finding = {
      operations: finding.operations + history.length,
      overlaps: finding.overlaps + countOverlaps(history),
      broken,
    }
  }
  return finding
}

async function record(
  mode: string,
  rounds: number,
  firstRound: number,
  random: Random,
): Promise<Operation[]> {
  const scope = programScope()
  try {
    const options = { name: 'history', directory: memoryDir(scope), ...HISTORY_MODES[mode] }
    const script = new URL('./caller.js', import.meta.url)
    const histories = await Promise.all(
      Array.from({ length: CALLERS }, async (_, index) => {
        const name = `caller ${index}`
        const seed = random.below(2 ** 31)
        const child = await Child.start<CallerTask, Operation[]>(scope, script)
        return child.ask(
          { options, name, seed, callers: CALLERS, rounds, firstRound },
          HISTORY_LIMIT_MS,
        )
      }),
    )
    return histories.flat()
  } finally {
    await scope.end()
  }
}

/** @returns how many calls came before the answer to an earlier call for the same item */
function countOverlaps(history: readonly Operation[]): number {
  const ends = new Map<string, number>()
  let count = 0
  for (const { key, calledAt, answeredAt } of history.toSorted((a, b) => a.calledAt - b.calledAt)) {
    const end = ends.get(key) ?? 0
    if (calledAt < end) count++
    ends.set(key, Math.max(end, answeredAt))
  }
  return count
}
