/**
 * Waits for a value up to a limit.
 */

import { MAX_TIMER_MS } from '../base/index.ts'

/** The result of a wait that took too long. */
export const LATE = Symbol('late')

/** @returns the value; LATE if it does not come within `limitMs` */
export async function waitFor<T>(value: Promise<T>, limitMs: number): Promise<T | typeof LATE> {
  if (limitMs <= 0) return LATE
  if (limitMs > MAX_TIMER_MS) return value
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<typeof LATE>(resolve => {
    timer = setTimeout(resolve, limitMs, LATE)
  })
  try {
    return await Promise.race([value, late])
  } finally {
    clearTimeout(timer)
  }
}
