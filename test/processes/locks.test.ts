/**
 * A lock is held by one process at a time, also when processes are killed or stopped.
 */

import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { Child } from '../../testing/child.ts'
import { openHere, ownCache } from './cache-process.ts'
import type { LockReply, LockTask } from './locking-child.ts'

const PROCESS_COUNT = 3
const KILLS = 6
/** Pieces of work between two kills. */
const WORK_A_KILL = 3

type Worker = Child<LockTask, LockReply>

describe('the processes that share a lock', () => {
  for (const eviction of ['adaptive', 'clear'] as const) {
    test(`work one at a time while they are killed and others evict (${eviction})`, async t => {
      const options = ownCache(t, { maxItems: 64, eviction })
      const cache = openHere<number>(t, options)
      const start = async () => {
        const worker = await startWorker(t)
        worker.send({ kind: 'work', options, ttlMs: 500 })
        return worker
      }
      const workers = await Promise.all(Array.from({ length: PROCESS_COUNT }, start))
      const fencings: number[] = []
      for (let kill = 0; kill < KILLS; kill++) {
        const victim = kill % PROCESS_COUNT
        for (let done = 0; done < WORK_A_KILL; done++) {
          fencings.push(await nextWork(workers[victim]))
        }
        await workers[victim].kill()
        workers[victim] = await start()
      }
      for (const worker of workers) await nextWork(worker)
      assert.equal(new Set(fencings).size, fencings.length)
      assert.ok(cache.stats().evicted > 0, 'the cache was full')
    })
  }

  test('get a lock at its TTL when its holder is killed', async t => {
    const { holder, fencing, cache } = await startHolder(t)
    await assert.rejects(cache.lock('job', { ttlMs: 1000, waitMs: 0 }), {
      code: 'UNDERCROFT_LOCK_HELD',
    })
    await holder.kill()
    const lock = await cache.lock('job', { ttlMs: 60_000, waitMs: 60_000 })
    assert.ok(lock.fencing > fencing)
  })

  test('a holder that was stopped too long sees that, and cannot release the next', async t => {
    const { holder, fencing, cache } = await startHolder(t)
    process.kill(holder.pid, 'SIGSTOP')
    const lock = await cache.lock('job', { ttlMs: 60_000, waitMs: 60_000 })
    process.kill(holder.pid, 'SIGCONT')
    const looked = await holder.ask({ kind: 'look' })
    assert.deepEqual(looked, { kind: 'looked', isHeld: false, released: false })
    assert.equal(lock.isHeld, true)
    assert.ok(lock.fencing > fencing)
  })
})

function startWorker(t: TestContext): Promise<Worker> {
  return Child.start<LockTask, LockReply>(t, new URL('./locking-child.js', import.meta.url))
}

async function startHolder(t: TestContext) {
  const options = ownCache(t, { maxItems: 100 })
  const cache = openHere(t, options)
  const holder = await startWorker(t)
  const reply = await holder.ask({ kind: 'hold', options, ttlMs: 2000 })
  assert.ok(reply.kind === 'holding')
  return { holder, fencing: reply.fencing, cache }
}

/** Waits until a worker has done a piece of work, alone. */
async function nextWork(worker: Worker): Promise<number> {
  const reply = await worker.next(60_000)
  assert.ok(reply.kind === 'worked', JSON.stringify(reply))
  return reply.fencing
}
