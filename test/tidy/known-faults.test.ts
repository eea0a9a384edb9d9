/**
 * Each fault of uWSGI that we know of, by the number that the project gave it, has a test that is
 * named after it.
 */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sourcesIn } from './sources.ts'

/** What each is about is told by its test. Those of uWSGI's routing join with their tests. */
const FAULTS: readonly number[] = [
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25],
  ...[26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 40],
  ...[53, 54, 55, 56, 58, 59, 60, 61, 62, 63, 64, 65, 66, 67],
]

test('every known fault of uWSGI has a test in test/compat named after it', () => {
  const named = new Set(
    sourcesIn('test/compat').flatMap(({ text }) =>
      [...text.matchAll(/['"`]F(\d+): /g)].map(([, number]) => Number(number)),
    ),
  )
  assert.deepEqual(
    FAULTS.filter(number => !named.has(number)),
    [],
  )
})
