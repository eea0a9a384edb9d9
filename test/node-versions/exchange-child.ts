/**
 * Under another Node: leaves one value of each kind in a cache, or looks whether they are there as
 * this Node has them; or fills a cache that is larger than 4 GiB.
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

/** Every place of the cache; values of every kind in the first and the last of them. */
function fill(cache: Cache): readonly string[] {
  const { maxItems } = cache.stats()
  const samples = [...SAMPLE_VALUES, Buffer.alloc(cache.maxValueSize, 7)]
  const wanted = (n: number) => {
    if (n < samples.length) return samples[n]
    return n >= maxItems - samples.length ? samples[maxItems - 1 - n] : n
  }
  const problems: string[] = []
  for (let n = 0; n < maxItems; n++) {
    if (!cache.set(`key-${n}`, wanted(n))) problems.push(`no room for ${n}`)
  }
  for (let n = 0; n < maxItems; n++) {
    if (!isDeepStrictEqual(cache.get(`key-${n}`), wanted(n))) problems.push(`${n} is wrong`)
  }
  return [...problems, ...cache.verify().problems]
}
