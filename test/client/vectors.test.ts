/**
 * What a real uWSGI's client was fed, and what its call gave: ours comes to the same. Where that
 * client takes nonsense for a miss, ours may say instead that it is nonsense.
 */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { UndercroftError } from '../../src/base/index.ts'
import { RemoteCache } from '../../src/client/index.ts'
import { startScriptedServer } from '../../testing/scripted-server.ts'
import { readVectors } from '../../testing/vectors.ts'

describe('an answer recorded for a uWSGI client gives the recorded result', () => {
  for (const vector of readVectors('tcp-client')) {
    test(`${vector.id} ${vector.name}`, async () => {
      await using server = await startScriptedServer(socket => {
        socket.end(Buffer.from(vector.response_hex, 'hex'))
      })
      const [, name, cacheName = ''] = /^cache_(\w+)\(.*'(\w*)@/.exec(vector.trigger ?? '') ?? []
      await using cache = new RemoteCache(`${cacheName}@${server.address}`)
      const got = await call(cache, name ?? '').catch(nameOfFailure)
      assert.ok(resultsLike(vector.name, vector.result ?? '').includes(got), got)
    })
  }
})

/** F27: uWSGI's client sends the step as the new value. Ours asks to count, and wants a number. */
function resultsLike(name: string, result: string): string[] {
  if (name === 'client-inc') return ['UNDERCROFT_PROTOCOL']
  return result === 'None' ? ['None', 'UNDERCROFT_PROTOCOL'] : [result]
}

function nameOfFailure(error: unknown): string {
  return error instanceof UndercroftError ? error.code : String(error)
}

async function call(cache: RemoteCache, name: string): Promise<string> {
  if (name === 'get') {
    const value = await cache.get('k')
    return value === undefined ? 'None' : `b'${value}'`
  }
  if (name === 'clear') {
    await cache.clear()
    return 'True'
  }
  if (name === 'inc') return String(await cache.count('k', 'inc', 5n))
  const done =
    name === 'exists'
      ? await cache.has('k')
      : name === 'del'
        ? await cache.delete('k')
        : name === 'set'
          ? await cache.add('k', 'v')
          : await cache.set('k', 'v')
  return done ? 'True' : 'None'
}
