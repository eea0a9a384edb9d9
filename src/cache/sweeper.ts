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

/** The upkeep of a cache, or undefined when it was closed. */
export type FindUpkeep = () => Upkeep | undefined

/** Does so every so often until the cache is closed or forgotten, and its `find` with it. */
export function keepSwept(find: FindUpkeep, everyMs: number): () => void {
  const held = new WeakRef(find)
  let isSweeping = false
  // One step after the other, with room for others in between: the lock is never held for long.
  const sweepOn = (): void => {
    isSweeping = quietly(() => held.deref()?.()?.sweepStepUnlessTaken().more) === true
    if (isSweeping) setImmediate(sweepOn).unref()
  }
  const timer = setInterval(() => {
    const current = held.deref()
    if (current === undefined) return clearInterval(timer)
    const isSweeper = quietly(() => {
      const upkeep = current()
      upkeep?.orderChains()
      return upkeep?.isSweeper()
    })
    if (isSweeper === true && !isSweeping) sweepOn()
  }, everyMs)
  timer.unref()
  return () => clearInterval(timer)
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
