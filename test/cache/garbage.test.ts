import { test } from 'node:test'
import { Cache } from '../../src/index.ts'
import { until } from '../../testing/deadline.ts'

const ITEMS = 500
const ROUNDS = 20
const IN_A_ROW = 3
const VALUE = 'x'.repeat(100)
/** A call that allocates at all allocates more. */
const NOTHING = 8
/** The text itself: a header of 16 bytes or so, and its characters. */
const ONE_VALUE = VALUE.length + 32

const CALLS: readonly [string, boolean, number, (cache: Cache, key: string) => unknown][] = [
  ['a get of a near copy leaves no garbage', true, NOTHING, (cache, key) => cache.get(key)],
  ['a has leaves no garbage', false, NOTHING, (cache, key) => cache.has(key)],
  ['a get makes the value and nothing else', false, ONE_VALUE, (cache, key) => cache.get(key)],
]

for (const [promise, isNear, limit, call] of CALLS) {
  test(promise, async t => {
    const cache = Cache.open({
      name: `garbage-${process.pid}-${limit}-${isNear}`,
      maxItems: ITEMS,
      memory: 'private',
      near: isNear ? {} : false,
    })
    t.after(() => cache.close())
    const keys = Array.from({ length: ITEMS }, (_, i) => Buffer.from(`key ${i}`).toString('latin1'))
    for (const key of keys) cache.set(key, VALUE)
    const measure = (): number => {
      const before = process.memoryUsage().heapUsed
      for (let round = 0; round < ROUNDS; round++) {
        for (const key of keys) call(cache, key)
      }
      return (process.memoryUsage().heapUsed - before) / (ROUNDS * ITEMS)
    }
    // Code that is not optimized yet makes garbage; and a collection makes one figure too small.
    let inARow = 0
    await until(`${limit} bytes a call or less`, () => {
      const bytes = measure()
      inARow = bytes >= 0 && bytes <= limit ? inARow + 1 : 0
      return inARow === IN_A_ROW
    })
  })
}
