/**
 * Waiting for an event or a condition, never for a time: each wait has a hard deadline, and says
 * what it waited for when the deadline passes.
 */

import { setTimeout as delay } from 'node:timers/promises'

/** Long enough for a loaded machine; a test that passes never waits for it. */
export const PATIENCE_MS = 20_000

const POLL_MS = 5

/** What `promise` gives, or a rejection that names `what` after `limitMs`. */
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

/** Asks again and again until the answer is not undefined (or false). */
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
