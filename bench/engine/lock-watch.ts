/**
 * How long this process holds writer locks: each time, from inside to outside.
 */

import { WriterLock } from '../../src/engine/lock.ts'

export interface Hold {
  readonly heldUs: number
  /** The kernel ran something else on this processor meanwhile. */
  readonly wasInterrupted: boolean
}

/** Watches all locks of this process for as long as `work` takes. */
export async function watchLocks(work: () => Promise<void>): Promise<Hold[]> {
  const { acquire, tryAcquire, release } = WriterLock.prototype
  const holds: Hold[] = []
  let switches = 0
  let startMs = 0
  WriterLock.prototype.acquire = function () {
    switches = involuntarySwitches()
    const needsRecovery = acquire.call(this)
    startMs = performance.now()
    return needsRecovery
  }
  WriterLock.prototype.tryAcquire = function () {
    switches = involuntarySwitches()
    const isAcquired = tryAcquire.call(this)
    startMs = performance.now()
    return isAcquired
  }
  WriterLock.prototype.release = function () {
    const heldUs = (performance.now() - startMs) * 1000
    release.call(this)
    holds.push({ heldUs, wasInterrupted: involuntarySwitches() > switches })
  }
  try {
    await work()
  } finally {
    Object.assign(WriterLock.prototype, { acquire, tryAcquire, release })
  }
  return holds
}

/**
 * Nothing but arithmetic, so often and for so long each time, seen in the same way: what this
 * machine does to any step of that length.
 */
export function holdNothing(count: number, forUs: number): Hold[] {
  return Array.from({ length: count }, () => {
    const switches = involuntarySwitches()
    const startMs = performance.now()
    // The first look beyond the end counts, as the clock is looked at after a real step.
    while ((performance.now() - startMs) * 1000 < forUs);
    const heldUs = (performance.now() - startMs) * 1000
    return { heldUs, wasInterrupted: involuntarySwitches() > switches }
  })
}

function involuntarySwitches(): number {
  return process.resourceUsage().involuntaryContextSwitches
}
