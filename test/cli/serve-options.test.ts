/**
 * Options of caches, as the clients of a running `serve` and the readers of its output see them.
 */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RemoteCache } from '../../src/client/index.ts'
import type { Scope } from '../support/scope.ts'
import { type ServeProcess, serve } from '../support/serve-process.ts'
import { memoryDir } from '../support/temp-dir.ts'

/** A server with this cache, called a, and a client. */
async function serveCache(
  t: Scope,
  cache2: string,
  ...more: string[]
): Promise<ServeProcess & { cache: RemoteCache }> {
  const sizes = `name=a,blocksize=64,keysize=64,${cache2}`
  const args = ['--cache2', sizes, '--directory', memoryDir(t), ...more]
  const served = await serve(t, ...args)
  return { ...served, cache: await RemoteCache.connect(`a@${served.address}`) }
}

test('math_initial is what counters begin at, unless the client says otherwise', async t => {
  const { cache } = await serveCache(t, 'items=10,math_initial=-5')
  await using one = cache
  assert.equal(await one.increment('n'), -4)
  assert.equal(await one.increment('n'), -3)
  assert.equal(await one.multiply('m', 3), -15)
  assert.equal(await one.increment('o', 1, { initial: 0 }), 1)
})
