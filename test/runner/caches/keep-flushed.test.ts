import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keepFlushed } from '../../../src/runner/caches/keep-store.ts'
import { until } from '../../../testing/deadline.ts'

/** Counts its flushes, which end when the test says so. */
class FlushedCache {
  readonly name = 'a'
  count = 0
  finish: (error?: Error) => void = () => {}

  flush(): Promise<void> {
    this.count++
    return new Promise((resolve, reject) => {
      this.finish = error => (error === undefined ? resolve() : reject(error))
    })
  }
}

test('a store is flushed again and again, one flush at a time', async () => {
  const cache = new FlushedCache()
  const log: string[] = []
  const stop = keepFlushed(cache, 1, line => log.push(line))
  for (let round = 1; round <= 3; round++) {
    await until('a flush begins', () => cache.count === round)
    cache.finish(round === 2 ? new Error('no disk') : undefined)
  }
  stop()
  assert.deepEqual(log, ['cannot flush the store of "a": Error: no disk'])
})

test('never means never, and so does more than a timer can wait', () => {
  const warnings: Error[] = []
  const note = (warning: Error) => warnings.push(warning)
  process.on('warning', note)
  const cache = new FlushedCache()
  for (const everyMs of [0, 2 ** 31, (2 ** 32 - 1) * 1000]) keepFlushed(cache, everyMs, () => {})()
  return new Promise<void>(resolve => {
    setImmediate(() => {
      process.off('warning', note)
      assert.deepEqual(warnings, [])
      resolve()
    })
  })
})
