/**
 * `undercroft/auto`: shared where there is a default cache, private elsewhere, and it says which.
 */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Cache } from '../../../src/index.ts'
import { formatInstance } from '../../../src/uwsgi/api/index.ts'
import { Child } from '../../../testing/child.ts'
import { onEnd, type Scope } from '../../../testing/scope.ts'
import { memoryDir } from '../../../testing/temp-dir.ts'
import type { AutoRequest } from './auto-child.ts'

const SCRIPT = new URL('./auto-child.js', import.meta.url)

function start(scope: Scope, env: Record<string, string>): Promise<Child<AutoRequest, unknown>> {
  return Child.start(scope, SCRIPT, { env })
}

/** A process started as the worker of an instance with one cache. */
function makeInstance(scope: Scope) {
  const directory = memoryDir(scope)
  const cache = Cache.open({ name: 'main', directory, maxItems: 3, eviction: 'none' })
  onEnd(scope, () => cache.destroy())
  const instance = { caches: [{ name: 'main', directory }], options: { cache2: 'name=main' } }
  return { cache, env: { UNDERCROFT_INSTANCE: formatInstance(instance) } }
}

describe('the cache that is always there', () => {
  test('is the default cache of the instance, for all its processes, and says so once', async t => {
    const { cache, env } = makeInstance(t)
    const [first, second] = await Promise.all([start(t, env), start(t, env)])
    const value = { at: new Date(0), tags: new Set(['a']) }
    assert.equal(await first.ask({ set: 'k', value }), true)
    assert.deepEqual(await second.ask({ get: 'k' }), value)
    assert.deepEqual(cache.get('k'), value)
    assert.equal(await second.ask({ set: 'k', value: null }), true)
    assert.equal(await first.ask({ get: 'k' }), null)
    assert.deepEqual(await first.ask({ option: 'cache2' }), Buffer.from('name=main'))
    await first.ask({ get: 'again' })
    assert.equal(first.stderr, 'USE CACHE UNDERCROFT\n')
  })

  test('is private memory where there is none, keeps the same values, and says so', async t => {
    // An instance in an empty directory keeps every cache of this machine out of the test.
    const caches = [{ name: 'default', directory: memoryDir(t) }]
    const env = { UNDERCROFT_INSTANCE: formatInstance({ caches, options: {} }) }
    const [first, second] = await Promise.all([start(t, env), start(t, env)])
    const value = { at: new Date(0), tags: new Set(['a']) }
    assert.equal(await first.ask({ get: 'k' }), null)
    assert.equal(await first.ask({ set: 'k', value }), true)
    assert.deepEqual(await first.ask({ get: 'k' }), value)
    assert.equal(await second.ask({ get: 'k' }), null)
    assert.equal(await first.ask({ set: 'k', value: undefined }), true)
    assert.equal(await first.ask({ get: 'k' }), null)
    assert.equal(first.stderr, 'USE CACHE MEMORY\n')
  })

  test('says nothing when asked to be quiet, and nothing before its first use', async t => {
    const { env } = makeInstance(t)
    const quiet = await start(t, { ...env, UNDERCROFT_QUIET: '1' })
    assert.equal(await quiet.ask({ get: 'k' }), null)
    const unused = await start(t, env)
    assert.deepEqual(await unused.ask({ option: 'cache2' }), Buffer.from('name=main'))
    assert.equal(quiet.stderr + unused.stderr, '')
  })
})
