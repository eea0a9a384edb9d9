/**
 * One value of each kind, into a cache and out of it.
 */

import { isDeepStrictEqual } from 'node:util'
import type { Cache } from '../../src/index.ts'
import { SAMPLE_VALUES } from '../../testing/sample-values.ts'

export function writeSamples(cache: Cache): readonly string[] {
  for (const [index, value] of SAMPLE_VALUES.entries()) cache.set(`sample-${index}`, value)
  return cache.verify().problems
}

/** What came back other than it was. */
export function readSamples(cache: Cache): readonly string[] {
  return SAMPLE_VALUES.flatMap((value, index) => {
    const found = attempt(() => cache.get(`sample-${index}`))
    if (isDeepStrictEqual(found, value)) return []
    return [`sample ${index}: ${String(value)} became ${String(found)}`]
  })
}

function attempt(get: () => unknown): unknown {
  try {
    return get()
  } catch (error) {
    return error
  }
}
