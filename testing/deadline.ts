/**
 * Waits for events and conditions, never for a fixed time. Each wait has a deadline, and its error
 * names what it waited for.
 */

import { setTimeout as delay } from 'node:timers/promises'

/** Enough for a loaded machine. A passing test never waits this long. */
export const PATIENCE_MS = 20_000

const POLL_MS = 5

/**
 * @returns the value of `promise`
 * @throws Error that names `what` after `limitMs`
 */
export async function within<T>(
  what: string,
  promise: Promise<T>,
  limitMs = PATIENCE_MS,
): Promise<T> {
  const { promise: late, reject } = rejectable()
  const timer = setTimeout(
    () => reject(new Error(`waited ${limitMs} ms in vain for ${what}`)),
    limitMs,
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
  const end = performance.now() + limitMs
  while (performance.now() < end) {
    const answer = await ask()
    if (answer !== undefined && answer !== false) return answer
    await delay(POLL_MS)
  }
  throw new Error(`waited ${limitMs} ms in vain until ${what}`)
}

function rejectable(): { promise: Promise<never>; reject: (reason: Error) => void } {
  let reject: (reason: Error) => void = () => {}
  const promise = new Promise<never>((_, no) => {
    reject = no
  })
  return { promise, reject }
}
