/**
 * Options of single calls to a remote cache: a misspelt one is refused, and nothing is sent.
 */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { RemoteCache } from '../../src/client/index.ts'
import type { TtlOptions } from '../../src/index.ts'

/** Nothing listens at this address, so a call that is sent fails with another code. */
const ADDRESS = '@127.0.0.1:1'

/** As a caller without types would write it. */
const misspelt = { ttl: 5 } as TtlOptions
const sixtySeconds = 60_000 as TtlOptions
const bytes = Buffer.from('x')

type Call = (cache: RemoteCache, options: TtlOptions) => Promise<unknown>

const CALLS: readonly (readonly [name: string, allowed: string, call: Call])[] = [
  ['set', 'ttlMs', (cache, options) => cache.set('k', 1, options)],
  ['set', 'ttlMs', (cache, options) => cache.setMany([['k', 1]], options)],
  ['add', 'ttlMs', (cache, options) => cache.add('k', 1, options)],
  ['replace', 'ttlMs', (cache, options) => cache.replace('k', 1, options)],
  ['setItem', 'ttlMs, mode', (cache, options) => cache.setItem('k', { bytes }, options)],
  ['increment', 'ttlMs, initial, onlyPresent', (cache, given) => cache.increment('k', 1, given)],
  ['decrement', 'ttlMs, initial, onlyPresent', (cache, given) => cache.decrement('k', 1n, given)],
  ['multiply', 'ttlMs, initial, onlyPresent', (cache, given) => cache.multiply('k', 2, given)],
  ['divide', 'ttlMs, initial, onlyPresent', (cache, given) => cache.divide('k', 2, given)],
  [
    'count',
    'ttlMs, initial, onlyPresent, safe',
    (cache, options) => cache.count('k', 'inc', 1n, options),
  ],
]

describe('the options of a call to a remote cache', () => {
  for (const [index, [name, allowed, call]] of CALLS.entries()) {
    test(`${index + 1}. ${name} refuses an unknown name before it connects`, async () => {
      await using cache = new RemoteCache(ADDRESS)
      await assert.rejects(call(cache, misspelt), {
        code: 'UNDERCROFT_OPTION_INVALID',
        message: `${name} has no option "ttl"; allowed are ${allowed}; did you mean "ttlMs"?`,
      })
    })

    test(`${index + 1}. ${name} refuses a number in place of an object`, async () => {
      await using cache = new RemoteCache(ADDRESS)
      await assert.rejects(call(cache, sixtySeconds), {
        code: 'UNDERCROFT_OPTION_INVALID',
        message: new RegExp(`^the options of ${name} must be an object such as .*; got 60000$`),
      })
    })
  }
})
