/**
 * Waits for events and conditions, never for a fixed time. Each wait has a deadline, and its error
 * names what it waited for.
 */

import { availableParallelism, loadavg } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'

/** Enough where programs do not wait for a processor. A passing test never waits this long. */
export const PATIENCE_MS = 20_000

/** Every wait ends before the test runner ends the test. */
const MAX_STRETCH = 6

const POLL_MS = 5

/**
 * Returns a longer limit on a loaded machine, where each program gets a share of a processor.
 */
export function stretched(limitMs: number): number {
  const [load = 0] = loadavg()
  return Math.round(limitMs * Math.min(MAX_STRETCH, Math.max(1, load / availableParallelism())))
}

/**
 * @returns the value of `promise`
 * @throws Error that names `what` after `limitMs`, stretched
 */
export async function within<T>(
  what: string,
  promise: Promise<T>,
  limitMs = PATIENCE_MS,
): Promise<T> {
  const { promise: late, reject } = rejectable()
  const waitMs = stretched(limitMs)
  const timer = setTimeout(
    () => reject(new Error(`waited ${waitMs} ms in vain for ${what}`)),
    waitMs,
  )
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Calls `ask` repeatedly until it returns something other than undefined and false. */
export async function until<T>(
  what: string,
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  limitMs = PATIENCE_MS,
): Promise<T> {
  const waitMs = stretched(limitMs)
  const end = performance.now() + waitMs
  while (performance.now() < end) {
    const answer = await ask()
    if (answer !== undefined && answer !== false) return answer
    await delay(POLL_MS)
  }
  throw new Error(`waited ${waitMs} ms in vain until ${what}`)
}

function rejectable(): { promise: Promise<never>; reject: (reason: Error) => void } {
  let reject: (reason: Error) => void = () => {}
  const promise = new Promise<never>((_, no) => {
    reject = no
  })
  return { promise, reject }
}
