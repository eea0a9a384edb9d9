/**
 * Giving back the room of expired items, without anybody asking.
 *
 * Reads already hide what expired, so this is about room only, and stands back for all else. Every
 * process that has a cache open has a timer; the one that holds the sweeper's lock sweeps, and when
 * it ends, however it ends, the kernel gives the lock to the next that asks. A timer holds neither
 * its process nor its cache.
 */

import { UndercroftError } from '../base/index.ts'

/** What the sweeper asks of a cache. */
export interface Sweepable {
  /** Whether this attachment is the one to sweep; it is from now on if nobody was. */
  isSweeper(): boolean
  /** Looks at a bounded number of slots. True: there is more to look at in this round. */
  sweepStep(): boolean
}

/** Sweeps every so often until the cache is closed or forgotten. */
export function keepSwept(cache: Sweepable, everyMs: number): () => void {
  const held = new WeakRef(cache)
  const timer = setInterval(() => {
    const current = held.deref()
    if (current === undefined) return clearInterval(timer)
    quietly(() => {
      if (current.isSweeper()) sweepOn(held)
    })
  }, everyMs)
  timer.unref()
  return () => clearInterval(timer)
}

/** One step after the other, with room for others in between: the lock is never held for long. */
function sweepOn(held: WeakRef<Sweepable>): void {
  quietly(() => {
    if (held.deref()?.sweepStep() === true) setImmediate(sweepOn, held).unref()
  })
}

/** Whoever uses a broken cache is told so. Nobody asked for this here. */
function quietly(work: () => void): void {
  try {
    work()
  } catch (error) {
    if (!(error instanceof UndercroftError)) throw error
  }
}
