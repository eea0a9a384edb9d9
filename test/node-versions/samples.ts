/**
 * Stores one value of each kind in a cache, and compares what comes back.
 */

import { isDeepStrictEqual } from 'node:util'
import type { Cache } from '../../src/index.ts'
import { SAMPLE_VALUES } from '../../testing/sample-values.ts'

export function writeSamples(cache: Cache): readonly string[] {
  for (const [index, value] of SAMPLE_VALUES.entries()) cache.set(`sample-${index}`, value)
  return cache.verify().problems
}

/** @returns one line for each value that differs from what was stored */
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
