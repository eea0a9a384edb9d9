/**
 * What a cache does in place of a promise of the contract that it cannot keep.
 */

import assert from 'node:assert/strict'
import { encodeForNetwork } from '../src/codecs/index.ts'
import type { ClosableCache, ContractExceptions } from './contract-settings.ts'
import { SAMPLE_VALUES } from './sample-values.ts'

/** One check for each exception. It fails if the cache keeps the promise after all. */
export const EXCEPTION_CHECKS: Readonly<
  Record<keyof ContractExceptions, (cache: ClosableCache) => Promise<void>>
> = {
  async answersAtOnce(cache) {
    const answers = [cache.get('k'), cache.set('k', 1), cache.delete('k'), cache.stats()]
    for (const answer of answers) assert.ok(answer instanceof Promise)
    await Promise.all(answers)
    const refusal = cache.get('')
    assert.ok(refusal instanceof Promise)
    await refuses(() => refusal, 'UNDERCROFT_KEY_INVALID')
  },

  async keepsStructuredValues(cache) {
    const structured = SAMPLE_VALUES.filter(value => !isPortable(value))
    assert.ok(structured.length > 8)
    for (const value of structured) {
      await refuses(() => cache.set('k', value), 'UNDERCROFT_VALUE_UNSUPPORTED')
    }
    assert.equal(await cache.has('k'), false)
  },

  async iteratesUncounted(cache) {
    await cache.setMany([
      ['a', 1],
      ['b', 2],
    ])
    assert.equal((await all(cache.entries())).length, 2)
    assert.equal((await cache.stats()).hits, 2)
  },

  async countsCleared(cache) {
    await cache.set('a', 1)
    assert.equal(await cache.clear(), undefined)
    assert.equal(await cache.has('a'), false)
  },

  async refusesLongKeysInReads(cache) {
    const key = 'x'.repeat(3000)
    await refuses(() => cache.set(key, 1), 'UNDERCROFT_KEY_INVALID')
    assert.equal(await cache.get(key), undefined)
    assert.equal(await cache.has(key), false)
  },
}

/** Whether the value can be sent to another machine. */
export function isPortable(value: unknown): boolean {
  try {
    encodeForNetwork(value)
    return true
  } catch {
    return false
  }
}

/** Fails unless the call throws, or rejects, with this code. */
export function refuses(call: () => unknown, code: string): Promise<void> {
  return assert.rejects(async () => call(), { code })
}

/** Collects everything that an iteration yields. */
export async function all<T>(items: Iterable<T> | AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = []
  for await (const item of items) collected.push(item)
  return collected
}
