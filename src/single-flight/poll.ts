/**
 * Waits for other processes: looks again and again, with naps that grow in between.
 */

import { setTimeout as nap } from 'node:timers/promises'
import type { Awaitable } from '../base/index.ts'

const FIRST_NAP_MS = 1
const LONGEST_NAP_MS = 25

/**
 * @param look - returns undefined to be called again after a nap
 * @param leftMs - the milliseconds left to wait, asked before each nap
 * @returns the result of `look`; undefined if the time is over
 */
export async function poll<T>(
  look: () => Awaitable<T | undefined>,
  leftMs: () => number,
): Promise<T | undefined> {
  for (let napMs = FIRST_NAP_MS; ; napMs = Math.min(napMs * 2, LONGEST_NAP_MS)) {
    const patienceMs = leftMs()
    if (patienceMs <= 0) return undefined
    await nap(Math.min(napMs, patienceMs))
    const found = await look()
    if (found !== undefined) return found
  }
}
