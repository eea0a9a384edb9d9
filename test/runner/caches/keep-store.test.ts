import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Cache } from '../../../src/index.ts'
import { keepFlushed } from '../../../src/runner/caches/keep-store.ts'
import { until } from '../../../testing/deadline.ts'
import { tempDir } from '../../../testing/temp-dir.ts'

describe('store_sync', () => {
  test('comes every so often; a flush waits for the one before', async t => {
    using cache = Cache.open<Uint8Array>({ name: 'a', store: `${tempDir(t)}/a`, maxItems: 10 })
    const ends: (() => void)[] = []
    const flush = t.mock.method(cache, 'flush', () => new Promise<void>(end => ends.push(end)))
    t.mock.timers.enable({ apis: ['setInterval'] })
    const stop = keepFlushed(cache, 2000, () => {})
    t.mock.timers.tick(1999)
    assert.equal(flush.mock.callCount(), 0)
    t.mock.timers.tick(1)
    assert.equal(flush.mock.callCount(), 1)
    t.mock.timers.tick(10_000)
    assert.equal(flush.mock.callCount(), 1, 'the first is not done yet')
    ends[0]?.()
    await until('the next is made', () => {
      t.mock.timers.tick(2000)
      return flush.mock.callCount() === 2
    })
    stop()
    t.mock.timers.tick(10_000)
    assert.equal(flush.mock.callCount(), 2)
  })

  test('of 0 leaves it to the kernel', t => {
    using cache = Cache.open<Uint8Array>({ name: 'a', store: `${tempDir(t)}/a`, maxItems: 10 })
    const flush = t.mock.method(cache, 'flush')
    t.mock.timers.enable({ apis: ['setInterval'] })
    keepFlushed(cache, 0, () => {})()
    t.mock.timers.tick(100_000)
    assert.equal(flush.mock.callCount(), 0)
  })

  test('that fails is told of each time, and tried again', async t => {
    using cache = Cache.open<Uint8Array>({ name: 'a', store: `${tempDir(t)}/a`, maxItems: 10 })
    t.mock.method(cache, 'flush', () => Promise.reject(new Error('the disk is gone')))
    t.mock.timers.enable({ apis: ['setInterval'] })
    const lines: string[] = []
    const stop = keepFlushed(cache, 1000, line => lines.push(line))
    await until('it was told of twice', () => {
      t.mock.timers.tick(1000)
      return lines.length === 2
    })
    stop()
    assert.match(lines[1] ?? '', /cannot flush the store of "a": Error: the disk is gone/)
  })
})
