import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { Cache } from '../../src/index.ts'

const ITEMS = 500
/** Far more calls than it takes until a function is optimized. */
const WARM_UP_ROUNDS = 400
/** The garbage of these calls fits into the young generation, so no collection interferes. */
const ROUNDS = 10
const SAMPLES = 9
const VALUE = 'x'.repeat(100)
/** A call that allocates at all allocates more. */
const NOTHING = 8
/** The string itself: a header of about 16 bytes, and its characters. */
const ONE_VALUE = VALUE.length + 32

// Code is optimized when it is warm, not when another thread has had the time for it.
setFlagsFromString('--no-concurrent-recompilation')
setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

const CALLS: readonly [string, boolean, number, (cache: Cache, key: string) => unknown][] = [
  ['a get of a near copy leaves no garbage', true, NOTHING, (cache, key) => cache.get(key)],
  ['a has leaves no garbage', false, NOTHING, (cache, key) => cache.has(key)],
  ['a get makes the value and nothing else', false, ONE_VALUE, (cache, key) => cache.get(key)],
]

for (const [promise, isNear, limit, call] of CALLS) {
  test(promise, t => {
    const cache = Cache.open({
      name: `garbage-${process.pid}-${limit}-${isNear}`,
      maxItems: ITEMS,
      memory: 'private',
      near: isNear ? {} : false,
    })
    t.after(() => cache.close())
    const keys = Array.from({ length: ITEMS }, (_, i) => Buffer.from(`key ${i}`).toString('latin1'))
    for (const key of keys) cache.set(key, VALUE)
    const callAll = (rounds: number) => {
      for (let round = 0; round < rounds; round++) {
        // By index: an iterator is garbage of its own, which some Nodes do not optimize away.
        for (let index = 0; index < ITEMS; index++) call(cache, keys[index] ?? '')
      }
    }
    const measure = (): number => {
      collectGarbage()
      const before = process.memoryUsage().heapUsed
      callAll(ROUNDS)
      return (process.memoryUsage().heapUsed - before) / (ROUNDS * ITEMS)
    }
    callAll(WARM_UP_ROUNDS)
    const samples = Array.from({ length: SAMPLES }, measure).sort((a, b) => a - b)
    const median = samples[Math.floor(SAMPLES / 2)] ?? Infinity
    t.diagnostic(`bytes a call: ${samples.map(bytes => bytes.toFixed(1)).join(' ')}`)
    assert.ok(median >= 0 && median <= limit, `${median} bytes a call, of at most ${limit}`)
  })
}
