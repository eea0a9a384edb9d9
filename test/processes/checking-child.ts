/**
 * A process that opens a store whose items have to be checked, and that is slow at it, or signals
 * itself in the middle.
 */

import { Cache, type CacheOptions } from '../../src/index.ts'
import { answer } from '../../testing/child-side.ts'

export interface CheckingTask {
  readonly options: CacheOptions
  /** At which of the signs of life that a recovery gives; the check is not at its end then. */
  readonly atSign: number
  readonly signal?: 'SIGKILL' | 'SIGSTOP'
  /** How long each sign takes. */
  readonly napMs?: number
}

const nap = new Int32Array(new SharedArrayBuffer(4))

answer<CheckingTask, number>(({ options, atSign, signal, napMs = 0 }) => {
  const add = Atomics.add.bind(Atomics) as (...args: unknown[]) => unknown
  let calls = 0
  Object.assign(Atomics, {
    add(...args: unknown[]) {
      const before = add(...args)
      // The first call takes the serial; all others are signs of life.
      if (calls++ === atSign && signal !== undefined) process.kill(process.pid, signal)
      if (calls > 1 && napMs > 0) Atomics.wait(nap, 0, 0, napMs)
      return before
    },
  })
  return Cache.open(options).stats().dropped
})
