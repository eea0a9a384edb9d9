/**
 * A process that works under a lock of a shared cache, again and again, and checks that no other
 * process works meanwhile. The test's side is locks.test.ts.
 */

import { setTimeout as leaveToOthers } from 'node:timers/promises'
import { Cache, type CacheLock, type CacheOptions } from '../../src/index.ts'
import { sendToParent } from '../../testing/child-side.ts'

export type LockTask =
  | { readonly kind: 'work'; readonly options: CacheOptions; readonly ttlMs: number }
  /** Acquires the lock and holds it. */
  | { readonly kind: 'hold'; readonly options: CacheOptions; readonly ttlMs: number }
  | { readonly kind: 'look' }

export type LockReply =
  | { readonly kind: 'worked'; readonly fencing: number }
  | { readonly kind: 'overlap'; readonly own: number; readonly other: number }
  | { readonly kind: 'holding'; readonly fencing: number }
  | { readonly kind: 'looked'; readonly isHeld: boolean; readonly released: boolean }

/** How often a holder looks whether another process works. */
const LOOKS = 20
/** The longest time between two looks of a process that waits for a lock. */
const LONGEST_NAP_MS = 25

let held: CacheLock | undefined

process.on('disconnect', () => process.exit())
process.on('message', async (task: LockTask) => {
  if (task.kind === 'look') {
    const isHeld = held?.isHeld === true
    sendToParent<LockReply>({ kind: 'looked', isHeld, released: held?.release() === true })
    return
  }
  const cache = Cache.open<number>(task.options)
  if (task.kind === 'hold') {
    held = await cache.lock('job', { ttlMs: task.ttlMs })
    sendToParent<LockReply>({ kind: 'holding', fencing: held.fencing })
    return
  }
  for (;;) {
    await work(cache, task.ttlMs)
    await leaveToOthers(LONGEST_NAP_MS)
  }
})

async function work(cache: Cache<number>, ttlMs: number): Promise<void> {
  using lock = await cache.lock('job', { ttlMs, waitMs: 60_000 })
  const { fencing } = lock
  cache.set('worker', fencing, { pinned: true })
  for (let look = 0; look < LOOKS; look++) {
    const other = cache.get('worker')
    // A smaller number is that of a holder that was too slow and wrote late.
    if (other !== undefined && other > fencing && lock.isHeld) {
      sendToParent<LockReply>({ kind: 'overlap', own: fencing, other })
    }
    cache.set(`filler:${fencing}:${look}`, look)
    await new Promise(setImmediate)
  }
  if (lock.isHeld) sendToParent<LockReply>({ kind: 'worked', fencing })
}
