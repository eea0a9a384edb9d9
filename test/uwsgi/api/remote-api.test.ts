/**
 * uWSGI's functions on remote caches: our own server, and servers that fail.
 */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, describe, test } from 'node:test'
import { closeCaches, defineInstance } from '../../../src/uwsgi/api/index.ts'
import { cache_get, cache_set, cache_update, send_message } from '../../../src/uwsgi/index.ts'
import { within } from '../../../testing/deadline.ts'
import { onEnd } from '../../../testing/scope.ts'
import { startScriptedServer } from '../../../testing/scripted-server.ts'
import { startServer } from '../../../testing/undercroft-server.ts'
import { callByName } from '../../../testing/uwsgi-api-child.ts'
import { type Call, describeUwsgiApi } from '../../../testing/uwsgi-api-contract.ts'

after(() => closeCaches())

describeUwsgiApi('a remote cache of ours', async scope => {
  const server = await startServer(scope, { caches: [{ name: 'main', maxItems: 100 }] })
  onEnd(scope, () => closeCaches())
  const write: Call = async (name, ...args) => callByName(name, args)
  return { write, read: write, cache: `main@127.0.0.1:${server.port}`, counts: true }
})

describe('a remote identifier', () => {
  test('may name a Unix socket, or no cache for the default one', async t => {
    const server = await startServer(t, { caches: [{ name: 'main', maxItems: 10 }] })
    onEnd(t, () => closeCaches())
    assert.equal(await cache_set('k', 'v', 0, `main@${server.socketPath}`), true)
    assert.deepEqual(await cache_get('k', `@127.0.0.1:${server.port}`), Buffer.from('v'))
  })

  test('may be an address alone, for the first cache there, as in old programs', async t => {
    const server = await startServer(t, { caches: [{ name: 'main', maxItems: 10 }] })
    onEnd(t, () => closeCaches())
    assert.equal(await cache_set('k', 'v', 0, `127.0.0.1:${server.port}`), true)
    assert.deepEqual(await cache_get('k', `${server.socketPath}`), Buffer.from('v'))
  })

  test('is served over one connection, however many calls are made', async t => {
    await using server = await startScriptedServer(socket => {
      socket.write(Buffer.from('6f150011060073746174757302006f6b04006b656570010031', 'hex'))
    })
    onEnd(t, () => closeCaches())
    for (let i = 0; i < 3; i++)
      assert.equal(await cache_update('k', 'v', 0, `@${server.address}`), true)
    assert.equal(server.requests.length, 1)
  })

  test('of a server that is not there gives null, and one warning', async t => {
    const server = await startScriptedServer(() => {})
    await server[Symbol.asyncDispose]()
    onEnd(t, () => closeCaches())
    const warned = once(process, 'warning')
    assert.equal(await cache_get('k', `@${server.address}`), null)
    assert.equal(await cache_set('k', 'v', 0, `@${server.address}`), null)
    const [warning] = await warned
    assert.equal(warning.code, 'UNDERCROFT_REMOTE_FAILED')
    assert.match(warning.message, new RegExp(server.address))
  })

  test('of a server that says nothing gives null after socket-timeout', async t => {
    await using server = await startScriptedServer(() => {})
    onEnd(t, () => {
      defineInstance(undefined)
      return closeCaches()
    })
    defineInstance({ caches: [], options: { 'socket-timeout': '1' } })
    const start = performance.now()
    assert.equal(await within('an answer', cache_get('k', `@${server.address}`)), null)
    assert.ok(performance.now() - start > 900, 'it did not wait for socket-timeout')
  })

  test('without an address is a mistake that is told, as a rejection', async () => {
    await assert.rejects(cache_get('k', 'name@'), { code: 'UNDERCROFT_OPTION_INVALID' })
    const wrong = cache_get(5 as unknown as string, '@127.0.0.1:1')
    await assert.rejects(wrong, { code: 'UNDERCROFT_KEY_INVALID' })
  })
})

test('send_message yields what a cache answers, in chunks, and nothing on a miss', async t => {
  const server = await startServer(t, { caches: [{ name: 'main', maxItems: 10 }] })
  server.cache('main').set('foo_key', Buffer.from('foo_value'))
  const chunks: Buffer[] = []
  for await (const chunk of send_message(server.socketPath, 111, 0, 'foo_key')) chunks.push(chunk)
  assert.equal(String(Buffer.concat(chunks)), 'foo_value')
  for await (const chunk of send_message(server.socketPath, 111, 0, 'none', 1))
    assert.fail(String(chunk))
})
