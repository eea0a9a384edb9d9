import assert from 'node:assert/strict'
import { closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { USE_CLOCK_OFFSET } from '../../src/segment/index.ts'
import { until } from '../../testing/deadline.ts'
import { CacheProcess, openHere, ownCache, startProcesses } from './cache-process.ts'

describe('the least recently used, across processes', () => {
  test('a get in one process keeps the item from being evicted by another', async t => {
    const options = ownCache(t, { maxItems: 10, eviction: 'lru' })
    const cache = openHere(t, options)
    const [reader, writer] = await startProcesses(t, 2, options)
    for (let i = 0; i < 10; i++) cache.set(`key-${i}`, i)
    await reader?.call('get', 'key-0')
    for (let i = 10; i < 19; i++) await writer?.call('set', `key-${i}`, i)
    assert.deepEqual(Array.from(cache.keys()).sort(), [
      'key-0',
      ...Array.from({ length: 9 }, (_, index) => `key-${index + 10}`),
    ])
    assert.equal(cache.stats().evicted, 9)
  })

  test('a counter that others only increment is not evicted', async t => {
    const options = ownCache(t, { maxItems: 10, eviction: 'lru' })
    const cache = openHere(t, options)
    const counting = await CacheProcess.start(t, options)
    await counting.call('increment', 'counter')
    for (let i = 0; i < 30; i++) {
      cache.set(`key-${i}`, i)
      await counting.call('increment', 'counter')
    }
    assert.equal(cache.get('counter'), 31)
  })
})

test('a process paused in the middle of a get makes nobody evict what is in use', t => {
  const options = ownCache(t, { maxItems: 10 })
  const cache = openHere(t, options)
  for (let i = 0; i < 10; i++) cache.set(`key-${i}`, i)
  for (let i = 0; i < 100; i++) cache.get('key-0')
  setUseClock(options.directory, 5) // what it stores when it continues
  cache.get('key-0')
  for (let i = 10; i < 19; i++) cache.set(`key-${i}`, i)
  assert.equal(cache.get('key-0'), 0)
})

/** The clock of uses, as another process writes it. */
function setUseClock(directory: string, ticks: number): void {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleLE(ticks)
  const fd = openSync(join(directory, 'shared.undercroft'), 'r+')
  writeSync(fd, bytes, 0, bytes.length, USE_CLOCK_OFFSET)
  closeSync(fd)
}

describe('the end of an item, across processes and in real time', () => {
  const TTL_MS = 60

  test('it is gone for all when its time is over, and never returned after that', async t => {
    const options = ownCache(t, { maxItems: 10 })
    const cache = openHere(t, options)
    const readers = await startProcesses(t, 2, options)
    for (let round = 0; round < 5; round++) {
      await readers[0]?.call('set', 'brief', round, { ttlMs: TTL_MS })
      const endsAtMs = cache.getItem('brief')?.expiresAtMs
      if (endsAtMs === undefined) continue // a slow machine: it expired before we looked
      const watch = { kind: 'watchEnd', key: 'brief', endsAtMs } as const
      const seen = await Promise.all(readers.map(reader => reader.ask(watch)))
      for (const { late } of seen as { late: number }[]) assert.equal(late, 0)
    }
  })

  test('it is not gone before', async t => {
    const options = ownCache(t, { maxItems: 10 })
    const cache = openHere(t, options)
    const writer = await CacheProcess.start(t, options)
    await writer.call('set', 'brief', 'value', { ttlMs: TTL_MS })
    const endsAtMs = cache.getItem('brief')?.expiresAtMs ?? 0
    await until('it is gone', () => cache.get('brief') === undefined)
    assert.ok(Date.now() >= endsAtMs)
  })

  test('the room of ended items is there for other processes', async t => {
    const options = ownCache(t, { maxItems: 10, eviction: 'none' })
    const cache = openHere(t, options)
    const writer = await CacheProcess.start(t, options)
    for (let i = 0; i < 10; i++) await writer.call('set', `brief-${i}`, i, { ttlMs: TTL_MS })
    await until('there is room', () => cache.set('mine', 1))
    assert.equal(cache.get('mine'), 1)
    assert.ok(cache.stats().expired >= 1)
  })
})

describe('openers', () => {
  test('are counted as processes come and die, and what they counted stays', async t => {
    const options = ownCache(t, { maxItems: 10 })
    const cache = openHere(t, options)
    cache.set('key', 1)
    assert.equal(cache.stats().openers, 1)
    const [first, second] = await startProcesses(t, 2, options)
    assert.equal(cache.stats().openers, 3)
    for (let i = 0; i < 5; i++) await first?.call('get', 'key')
    for (let i = 0; i < 3; i++) await second?.call('get', 'nobody')
    await first?.kill()
    assert.equal(cache.stats().openers, 2)
    await second?.call('close')
    assert.equal(cache.stats().openers, 1)
    const third = await CacheProcess.start(t, options)
    await third.call('get', 'key')
    const { hits, misses, openers } = cache.stats()
    assert.deepEqual({ hits, misses, openers }, { hits: 6, misses: 3, openers: 2 })
  })
})
