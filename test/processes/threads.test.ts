import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, type TestContext, test } from 'node:test'
import { createContext, runInContext } from 'node:vm'
import { Worker } from 'node:worker_threads'
import type { CacheOptions } from '../../src/index.ts'
import { until, within } from '../../testing/deadline.ts'
import { onEnd } from '../../testing/scope.ts'
import { openHere, ownCache } from './cache-process.ts'
import type { ThreadTask } from './cache-thread.ts'

const TERMINATIONS = 20

interface Thread {
  readonly worker: Worker
  /** Its exit code. */
  readonly ended: Promise<number>
}

async function startThread(t: TestContext, task: ThreadTask): Promise<Thread> {
  const worker = new Worker(new URL('./cache-thread.js', import.meta.url), { workerData: task })
  onEnd(t, () => worker.terminate())
  const ended = once(worker, 'exit').then(([code]) => code as number)
  await within('the thread to open its cache', once(worker, 'message'))
  return { worker, ended }
}

describe('threads share a cache', () => {
  test('what one sets, another gets', async t => {
    const options = ownCache(t, { maxItems: 100 })
    const cache = openHere(t, options)
    await startThread(t, { kind: 'write', options })
    await until('the thread has set it', () => cache.get('thread-0') !== undefined)
  })

  test('increments of all threads add up', async t => {
    const options: CacheOptions = ownCache(t, { maxItems: 10 })
    const cache = openHere(t, options)
    const task: ThreadTask = { kind: 'increment', options, times: 20_000 }
    const threads = await Promise.all([1, 2, 3].map(() => startThread(t, task)))
    const ends = Promise.all(threads.map(({ ended }) => ended))
    assert.deepEqual(await within('the threads to finish', ends), [0, 0, 0])
    assert.equal(cache.get('number'), 60_000)
    assert.equal(cache.get('bigint'), 60_000n)
  })

  test('a thread terminated while it writes stops nobody, whenever it happens', async t => {
    // Many small blocks, so that most of a set is spent with the lock held.
    const room = { maxItems: 50, bitmap: true, blockSize: 16, blocks: 10_000 }
    const options = ownCache(t, { ...room, lockTimeoutMs: 2000 })
    const cache = openHere(t, options)
    for (let i = 0; i < TERMINATIONS; i++) {
      cache.clear()
      const { worker } = await startThread(t, { kind: 'write', options })
      await until('it writes', () => cache.has('thread-1'))
      await worker.terminate()
      assert.equal(cache.set('mine', i), true)
      assert.deepEqual(cache.verify().problems, [])
    }
  })

  test('terminated threads no longer count as attached', async t => {
    const options = ownCache(t, { maxItems: 50 })
    const cache = openHere(t, options)
    const { worker } = await startThread(t, { kind: 'write', options })
    assert.equal(cache.stats().openers, 2)
    await worker.terminate()
    assert.equal(cache.stats().openers, 1)
  })
})

describe('a script cut off by its time limit', () => {
  test('in the middle of a write leaves a cache that works, in this thread and others', async t => {
    const options = ownCache(t, { maxItems: 50, lockTimeoutMs: 2000 })
    const cache = openHere(t, options)
    const other = openHere(t, options)
    const context = createContext({ cache, value: 'v'.repeat(4000) })
    for (let i = 0; i < TERMINATIONS; i++) {
      assert.throws(
        () =>
          runInContext('for (let i = 0; ; i++) cache.set("k" + i % 60, value)', context, {
            timeout: 5,
          }),
        { code: 'ERR_SCRIPT_EXECUTION_TIMEOUT' },
      )
      assert.equal(cache.set('after', i), true)
      assert.equal(other.get('after'), i)
      assert.deepEqual(other.verify().problems, [])
    }
  })
})
