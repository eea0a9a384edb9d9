/**
 * Measures how long this process holds writer locks, for each acquisition.
 */

import { WriterLock } from '../../src/engine/lock.ts'

export interface Hold {
  readonly heldUs: number
  /** Whether the kernel interrupted the process meanwhile. */
  readonly wasInterrupted: boolean
}

/** Watches all writer locks of this process while `work` runs. */
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
 * Measures pure arithmetic in the same way, `count` times for `forUs` microseconds. The results
 * show what the machine adds to any step of that length.
 */
export function holdNothing(count: number, forUs: number): Hold[] {
  return Array.from({ length: count }, () => {
    const switches = involuntarySwitches()
    const startMs = performance.now()
    // The first reading after the end counts, as the clock is read after a real step.
    while ((performance.now() - startMs) * 1000 < forUs);
    const heldUs = (performance.now() - startMs) * 1000
    return { heldUs, wasInterrupted: involuntarySwitches() > switches }
  })
}

function involuntarySwitches(): number {
  return process.resourceUsage().involuntaryContextSwitches
}
