/**
 * Each known fault of uWSGI has a test whose title starts with the number of the fault.
 */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sourcesIn } from './sources.ts'

/** Faults are numbered from 1, as in docs/reference/uwsgi-faults.md. */
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
