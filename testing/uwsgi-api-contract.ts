/**
 * The promises of uWSGI's functions for every kind of cache argument. One caller writes and another
 * reads: two processes, or two connections of one process.
 */

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { programScope, type Scope } from './scope.ts'
import type { FunctionName } from './uwsgi-api-child.ts'

export type Call = (name: FunctionName, ...args: unknown[]) => Promise<unknown>

export interface ApiSetting {
  readonly write: Call
  readonly read: Call
  /** The cache argument; undefined for the default cache. */
  readonly cache: string | undefined
  /** Whether arithmetic works. Otherwise it returns null and changes nothing. */
  readonly counts: boolean
}

/** @param start - Returns undefined, after reporting why, if there is nothing to test against. */
export function describeUwsgiApi(
  title: string,
  start: (scope: Scope) => Promise<ApiSetting | undefined>,
): void {
  describe(`uWSGI's functions on ${title}`, () => {
    const scope = programScope()
    let setting: ApiSetting | undefined

    before(async () => {
      setting = await start(scope)
    })
    after(() => scope.end())

    function promise(sentence: string, check: (setting: ApiSetting) => Promise<void>): void {
      test(sentence, async t => {
        if (setting === undefined) t.skip('no peer')
        else await check(setting)
      })
    }

    promise('cache_set stores what is absent, cache_update either way', async s => {
      assert.equal(await s.write('cache_set', 'a', 'one', 0, s.cache), true)
      assert.equal(await s.write('cache_set', 'a', 'two', 0, s.cache), null)
      assert.deepEqual(await s.read('cache_get', 'a', s.cache), Buffer.from('one'))
      assert.equal(await s.write('cache_update', 'a', 'größe', 0, s.cache), true)
      assert.deepEqual(await s.read('cache_get', 'a', s.cache), Buffer.from('größe'))
      assert.equal(await s.write('cache_update', 'b', 'new', 0, s.cache), true)
    })

    promise('any byte may stand in keys and values', async s => {
      const every = Buffer.from(Array.from({ length: 256 }, (_, i) => i))
      assert.equal(await s.write('cache_update', every, every, 0, s.cache), true)
      assert.deepEqual(await s.read('cache_get', every, s.cache), every)
    })

    promise('cache_exists and cache_del tell by true and null', async s => {
      assert.equal(await s.read('cache_exists', 'c', s.cache), null)
      await s.write('cache_set', 'c', 'v', 0, s.cache)
      assert.equal(await s.read('cache_exists', 'c', s.cache), true)
      assert.equal(await s.write('cache_del', 'c', s.cache), true)
      assert.equal(await s.write('cache_del', 'c', s.cache), null)
      assert.equal(await s.read('cache_get', 'c', s.cache), null)
    })

    promise('what expires later is there, and 0 is never', async s => {
      assert.equal(await s.write('cache_set', 'd', 'v', 3600, s.cache), true)
      assert.deepEqual(await s.read('cache_get', 'd', s.cache), Buffer.from('v'))
      assert.equal(await s.write('cache_update', 'd', 'w', 0, s.cache), true)
      assert.deepEqual(await s.read('cache_get', 'd', s.cache), Buffer.from('w'))
    })

    promise('keys and values that do not fit are null, and nothing changes', async s => {
      await s.write('cache_update', 'e', 'small', 0, s.cache)
      assert.equal(await s.write('cache_update', 'e', Buffer.alloc(65_537), 0, s.cache), null)
      assert.equal(await s.write('cache_update', 'e', '', 0, s.cache), null)
      assert.deepEqual(await s.read('cache_get', 'e', s.cache), Buffer.from('small'))
      for (const key of ['', 'k'.repeat(2049), 'k'.repeat(65_537)]) {
        assert.equal(await s.write('cache_set', key, 'v', 0, s.cache), null)
        assert.equal(await s.read('cache_get', key, s.cache), null)
        assert.equal(await s.read('cache_exists', key, s.cache), null)
        assert.equal(await s.write('cache_del', key, s.cache), null)
        assert.equal(await s.read('cache_num', key, s.cache), 0)
      }
    })

    promise('arithmetic answers true, and cache_num has the number', async s => {
      const done = s.counts ? true : null
      assert.equal(await s.write('cache_inc', 'n', 1, 0, s.cache), done)
      assert.equal(await s.write('cache_inc', 'n', 41, 0, s.cache), done)
      assert.equal(await s.write('cache_mul', 'n', undefined, 0, s.cache), done)
      assert.equal(await s.write('cache_dec', 'n', 4, 0, s.cache), done)
      assert.equal(await s.write('cache_div', 'n', undefined, 0, s.cache), done)
      assert.equal(await s.read('cache_num', 'n', s.cache), s.counts ? 40 : 0)
      assert.equal(await s.write('cache_inc', 'big', 2n ** 60n, 0, s.cache), done)
      assert.equal(await s.read('cache_num', 'big', s.cache), s.counts ? 2n ** 60n : 0)
    })

    promise('eight bytes are a number to cache_num', async s => {
      await s.write('cache_update', 'bytes', Buffer.from('feffffffffffffff', 'hex'), 0, s.cache)
      assert.equal(await s.read('cache_num', 'bytes', s.cache), -2)
    })

    promise('an unknown cache is null to everything', async s => {
      const other = s.cache?.includes('@') ? s.cache.replace(/^[^@]*/, 'nowhere') : 'nowhere'
      assert.equal(await s.write('cache_set', 'a', 'v', 0, other), null)
      assert.equal(await s.write('cache_inc', 'a', 1, 0, other), null)
      assert.equal(await s.read('cache_get', 'a', other), null)
      assert.equal(await s.read('cache_num', 'a', other), 0)
      assert.equal(await s.write('cache_clear', other), null)
      await assert.rejects(s.read('cache_keys', other), { code: 'UNDERCROFT_NO_SUCH_CACHE' })
    })

    promise('cache_clear deletes everything, and is true again', async s => {
      await s.write('cache_update', 'a', 'v', 0, s.cache)
      assert.equal(await s.write('cache_clear', s.cache), true)
      assert.equal(await s.read('cache_get', 'a', s.cache), null)
      assert.equal(await s.write('cache_clear', s.cache), true)
    })
  })
}
