import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatInstance, parseInstance } from '../../../src/uwsgi/api/index.ts'

test('an instance comes out of its variable as it went in', () => {
  const caches = [
    { name: 'a' },
    { name: 'b', store: '/s', sweepMs: 9000, mathInitial: -(2n ** 63n) },
  ]
  const instance = { caches, options: { cache: '100' } }
  assert.deepEqual(parseInstance(formatInstance(instance)), instance)
})

test('a pause of the sweeper that is none is refused', () => {
  for (const sweepMs of [-1, 1.5, '5', 86_400_001]) {
    const text = JSON.stringify({ caches: [{ name: 'a', sweepMs }] })
    assert.throws(() => parseInstance(text), {
      code: 'UNDERCROFT_OPTION_INVALID',
      message: /sweepMs must be a whole number/,
    })
  }
})

test('a start of counters beyond 64 bits is refused, and not taken for another number', () => {
  for (const mathInitial of [String(2n ** 63n), '1.5', 5]) {
    const text = JSON.stringify({ caches: [{ name: 'a', mathInitial }] })
    assert.throws(() => parseInstance(text), {
      code: 'UNDERCROFT_OPTION_INVALID',
      message: /mathInitial must be a 64-bit number/,
    })
  }
})
