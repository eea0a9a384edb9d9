/**
 * Upkeep of a cache, without anybody asking: giving back the room of expired items, and moving what
 * is asked for most to where it is found first.
 *
 * Reads already hide what expired, so this is about room and time only, and stands back for all
 * else. Every process that has a cache open has a timer. Each orders chains by what it asks for
 * itself. The one that holds the sweeper's lock sweeps, and when it ends, however it ends, the
 * kernel gives the lock to the next that asks. A timer holds neither its process nor its cache.
 */

import { UndercroftError } from '../base/index.ts'
import type { Upkeep } from '../engine/index.ts'

type SweeperUpkeep = Pick<Upkeep, 'isSweeper' | 'sweepStepUnlessTaken' | 'orderChains'>

/** What the sweeper asks of a cache. */
export interface Sweepable {
  /** Undefined when the cache was closed. */
  upkeep(): SweeperUpkeep | undefined
  /** Told at the end of a round that gave something back. */
  onSweep(reclaimed: number): void
}

/** Does so every so often until the cache is closed or forgotten. */
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
    // A round may take longer than the time between two: the next waits for it.
    if (isSweeper === true && !isUnderWay) sweepOn()
  }, everyMs)
  timer.unref()
  return () => clearInterval(timer)

  /** One step after the other, with room for others in between: the lock is never held for long. */
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

/** Whoever uses a broken cache is told so. Nobody asked for this here. */
function quietly<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    if (error instanceof UndercroftError) return undefined
    throw error
  }
}
