/**
 * Runs under another Node. It stores one value of each kind in a cache, or compares those that this
 * Node stored, or fills a cache of more than 4 GiB.
 */

import { isDeepStrictEqual } from 'node:util'
import { Cache, type CacheOptions } from '../../src/index.ts'
import { answer } from '../../testing/child-side.ts'
import { SAMPLE_VALUES } from '../../testing/sample-values.ts'
import { readSamples, writeSamples } from './samples.ts'

export interface ExchangeTask {
  readonly kind: 'write' | 'read' | 'fill'
  readonly options: CacheOptions
}

answer<ExchangeTask, readonly string[]>(({ kind, options }) => {
  using cache = Cache.open(options)
  if (kind === 'write') return writeSamples(cache)
  return kind === 'read' ? readSamples(cache) : fill(cache)
})

/** Fills every slot of the cache, with values of every kind in the first and last slots. */
function fill(cache: Cache): readonly string[] {
  const { maxItems } = cache.stats()
  const samples = [...SAMPLE_VALUES, Buffer.alloc(cache.maxValueSize, 7)]
  const wanted = (n: number) => {
    if (n < samples.length) return samples[n]
    return n >= maxItems - samples.length ? samples[maxItems - 1 - n] : n
  }
  const problems: string[] = []
  for (let n = 0; n < maxItems; n++) {
    if (!cache.set(`key-${n}`, wanted(n))) problems.push(`${n} was not stored`)
  }
  for (let n = 0; n < maxItems; n++) {
    if (!isDeepStrictEqual(cache.get(`key-${n}`), wanted(n))) problems.push(`${n} is wrong`)
  }
  return [...problems, ...cache.verify().problems]
}
