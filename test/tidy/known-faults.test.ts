/**
 * Each fault of uWSGI that we know of, by the number that the project gave it, has a test that is
 * named after it.
 */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sourcesIn } from './sources.ts'

/** They are numbered from 1; what each is about is told by its test. */
const FAULT_COUNT = 67

test('every known fault of uWSGI has a test in test/compat named after it', () => {
  const named = new Set(
    sourcesIn('test/compat').flatMap(({ text }) =>
      [...text.matchAll(/['"`]F(\d+): /g)].map(([, number]) => Number(number)),
    ),
  )
  const numbers = Array.from({ length: FAULT_COUNT }, (_, index) => index + 1)
  assert.deepEqual(
    numbers.filter(number => !named.has(number)),
    [],
  )
})
