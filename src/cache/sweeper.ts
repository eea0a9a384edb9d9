/**
 * Sweeps a cache in the background. A sweep frees the room of expired items, and moves the items
 * that are read most to the front of their chains.
 *
 * Reads already hide expired items, so sweeping only saves room and time, and lets all other work
 * go first. Each process that has a cache open has a timer, and orders chains by its own reads. The
 * process that holds the sweeper's lock frees the room. When that process ends, in any way, the
 * kernel releases the lock, and the next process that tries gets it. A timer keeps neither its
 * process nor its cache alive.
 */

import { UndercroftError } from '../base/index.ts'
import type { Upkeep } from '../engine/index.ts'

type SweeperUpkeep = Pick<Upkeep, 'isSweeper' | 'sweepStepUnlessTaken' | 'orderChains'>

/** The part of a cache that the sweeper uses. */
export interface Sweepable {
  /** @returns undefined after the cache was closed */
  upkeep(): SweeperUpkeep | undefined
  /** Called at the end of a round that freed items. */
  onSweep(reclaimed: number): void
}

/**
 * Sweeps a cache every `everyMs` milliseconds, until the cache is collected.
 *
 * @returns a function that ends the sweeping
 */
export function keepSwept(cache: Sweepable, everyMs: number): () => void {
  const held = new WeakRef(cache)
  let isUnderWay = false
  let reclaimed = 0
  const timer = setInterval(() => {
    const current = held.deref()
    if (current === undefined) return clearInterval(timer)
    const isSweeper = quietly(() => {
      const upkeep = current.upkeep()
      upkeep?.orderChains()
      return upkeep?.isSweeper()
    })
    // A round may take longer than the pause between two rounds. The next round waits for it.
    if (isSweeper === true && !isUnderWay) sweepOn()
  }, everyMs)
  timer.unref()
  return () => clearInterval(timer)

  /** Sweeps in steps, and lets other work run between them, so no step holds the lock for long. */
  function sweepOn(): void {
    isUnderWay = false
    const current = held.deref()
    const step = quietly(() => current?.upkeep()?.sweepStepUnlessTaken())
    if (step === undefined) return
    reclaimed += step.reclaimed
    isUnderWay = step.more
    if (step.more) {
      setImmediate(sweepOn).unref()
    } else if (reclaimed > 0) {
      const sum = reclaimed
      reclaimed = 0
      current?.onSweep(sum)
    }
  }
}

/** Ignores the errors of a broken cache, which a caller that uses the cache gets itself. */
function quietly<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    if (error instanceof UndercroftError) return undefined
    throw error
  }
}
