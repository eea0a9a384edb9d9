/**
 * Giving back the room of expired items, without anybody asking.
 *
 * Reads already hide what expired, so this is about room only. Every process that has a cache open
 * has a timer; the one that holds the sweeper's lock sweeps, and when it ends, however it ends, the
 * kernel gives the lock to the next that asks. A timer holds neither its process nor its cache.
 */

import { UndercroftError } from '../base/index.ts'

/** What the sweeper asks of a cache. */
export interface Sweepable {
  /** Whether this attachment is the one to sweep; it is from now on if nobody was. */
  isSweeper(): boolean
  /** Looks at a bounded number of slots. `more`: this round is not at its end. */
  sweepStep(): { readonly reclaimed: number; readonly more: boolean }
  /** Told at the end of a round that gave something back. */
  onSweep(reclaimed: number): void
}

/** Sweeps every so often until the cache is closed or forgotten. */
export function keepSwept(cache: Sweepable, everyMs: number): () => void {
  const held = new WeakRef(cache)
  let isUnderWay = false
  let reclaimed = 0
  const timer = setInterval(() => {
    const current = held.deref()
    if (current === undefined) clearInterval(timer)
    // A round may take longer than the time between two: the next waits for it.
    else if (!isUnderWay && current.isSweeper()) sweepOn()
  }, everyMs)
  timer.unref()
  return () => clearInterval(timer)

  /** One step after the other, with room for others in between: the lock is never held for long. */
  function sweepOn(): void {
    isUnderWay = false
    const current = held.deref()
    const step = current && tryStep(current)
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

/**
 * Undefined: a stopped writer keeps the lock, or what is there makes no sense. The round goes on at
 * the next time; whoever uses the cache is told, and a timer has nobody to tell.
 */
function tryStep(cache: Sweepable): ReturnType<Sweepable['sweepStep']> | undefined {
  try {
    return cache.sweepStep()
  } catch (error) {
    if (error instanceof UndercroftError) return undefined
    throw error
  }
}
