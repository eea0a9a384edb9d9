/**
 * uWSGI's functions on a cache that several processes share and find as workers do.
 */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Cache } from '../../src/index.ts'
import { formatInstance } from '../../src/uwsgi/api/index.ts'
import { Child } from '../../testing/child.ts'
import { onEnd, type Scope } from '../../testing/scope.ts'
import { memoryDir } from '../../testing/temp-dir.ts'
import type { CallReply, CallRequest } from '../../testing/uwsgi-api-child.ts'
import { type Call, describeUwsgiApi } from '../../testing/uwsgi-api-contract.ts'

const SCRIPT = new URL('../../testing/uwsgi-api-child.js', import.meta.url)

/** The caches `first` and `second`, and the environment that names them to a worker. */
function makeInstance(scope: Scope) {
  const directory = memoryDir(scope)
  const sizes = { maxItems: 100, blockSize: 65_536, bitmap: false, maxKeySize: 2048, directory }
  const first = Cache.open({ name: 'first', ...sizes })
  const second = Cache.open({ name: 'second', ...sizes, eviction: 'none' })
  for (const cache of [first, second]) {
    onEnd(scope, () => {
      assert.deepEqual(cache.verify().problems, [])
      cache.destroy()
    })
  }
  const value = formatInstance({
    caches: [
      { name: 'first', directory, mathInitial: 0n },
      { name: 'second', directory, mathInitial: 100n },
    ],
    options: {},
  })
  return { first, second, directory, env: { UNDERCROFT_INSTANCE: value } }
}

async function startWorker(scope: Scope, env: Readonly<Record<string, string>>): Promise<Call> {
  const child = await Child.start<CallRequest, CallReply>(scope, SCRIPT, { env })
  return async (name, ...args) => {
    const reply = await child.ask({ name, args })
    if ('value' in reply) return reply.value
    throw Object.assign(new Error(reply.code), { code: reply.code })
  }
}

describeUwsgiApi('a cache that two processes share', async scope => {
  const { env } = makeInstance(scope)
  const [write, read] = await Promise.all([startWorker(scope, env), startWorker(scope, env)])
  return { write, read, cache: undefined, counts: true }
})

describe('a worker', () => {
  test('finds the caches of its instance by name, the first one without', async t => {
    const { first, second, env } = makeInstance(t)
    const call = await startWorker(t, env)
    await call('cache_set', 'k', 'in first')
    await call('cache_set', 'k', 'in second', 0, 'second')
    assert.equal(first.get('k'), 'in first')
    assert.equal(second.get('k'), 'in second')
    assert.deepEqual(await call('cache_keys', 'second'), [Buffer.from('k')])
    assert.deepEqual(await call('cache_keys', ''), [Buffer.from('k')])
  })

  test('counts from math_initial, with others at the same time, and loses nothing', async t => {
    const { second, env } = makeInstance(t)
    const workers = await Promise.all([startWorker(t, env), startWorker(t, env)])
    const counting = workers.map(async call => {
      for (let i = 0; i < 200; i++) await call('cache_inc', 'n', 1, 0, 'second')
    })
    await Promise.all(counting)
    assert.equal(second.get('n'), 500)
  })

  test('is told of a wrong variable by name', async t => {
    const call = await startWorker(t, { UNDERCROFT_INSTANCE: '{"caches":[{}]}' })
    await assert.rejects(call('cache_get', 'k'), { code: 'UNDERCROFT_OPTION_INVALID' })
  })
})
