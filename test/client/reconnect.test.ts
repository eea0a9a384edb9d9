/**
 * What happens to calls when the server goes away, comes back, or was never there.
 */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { RemoteCache } from '../../src/client/index.ts'
import { serveCaches } from '../../src/server/index.ts'
import { openTestCache } from '../../testing/open-test-cache.ts'
import { startScriptedServer } from '../../testing/scripted-server.ts'

/** `status=ok`, with `keep=1`: the reply of a server that stays. */
const OK_KEPT = Buffer.from('6f150011060073746174757302006f6b04006b656570010031', 'hex')

function code(expected: string) {
  return (error: unknown) => (error as { code?: string }).code === expected
}

describe('a remote cache', () => {
  test('works again after the server was restarted', async () => {
    const local = openTestCache({ name: 'first' })
    const old = await serveCaches([local], { listen: '127.0.0.1:0' })
    const address = old.addresses[0] ?? ''
    await using cache = await RemoteCache.connect(`first@${address}`)
    await cache.set('key', 'value')
    await old.close()
    await assert.rejects(cache.get('key'), code('UNDERCROFT_CONNECTION'))
    await using _again = await serveCaches([local], { listen: address })
    assert.equal(String(await cache.get('key')), 'value')
    assert.equal(await cache.set('key', 'new'), true)
  })

  test('repeats a read whose connection died before the reply, but only once', async () => {
    await using server = await startScriptedServer((socket, received, index) => {
      if (index === 0 && received.length < 60) socket.write(OK_KEPT)
      else if (index === 1) socket.end(OK_KEPT)
      else socket.destroy()
    })
    await using cache = new RemoteCache(`n@${server.address}`)
    assert.equal(await cache.has('a'), true)
    assert.equal(await cache.has('b'), true, 'asked again on the second connection')
    assert.equal(server.requests.length, 2)
  })

  test('does not repeat a write whose connection died before the reply', async () => {
    await using server = await startScriptedServer((socket, received) => {
      if (received.includes('update')) socket.destroy()
      else socket.write(OK_KEPT)
    })
    await using cache = new RemoteCache(`n@${server.address}`)
    await cache.has('a')
    await assert.rejects(cache.set('a', 'v'), code('UNDERCROFT_CONNECTION'))
    assert.equal(server.requests.length, 1)
  })

  test('sends writes again that a closing server has announced not to have read', async () => {
    const okLast = Buffer.from('6f0c0011060073746174757302006f6b', 'hex')
    await using server = await startScriptedServer((socket, received, index) => {
      if (index === 0 && received.includes('update')) socket.end(okLast)
      else if (index === 0) socket.write(OK_KEPT)
      else socket.end(okLast)
    })
    await using cache = new RemoteCache(`n@${server.address}`)
    await cache.has('a')
    const stored = await Promise.all(['a', 'b', 'c'].map(key => cache.set(key, 'v')))
    assert.deepEqual(stored, [true, true, true])
    assert.equal(server.requests.length, 3)
  })

  test('says which server is not there', async () => {
    const server = await startScriptedServer(() => {})
    await server[Symbol.asyncDispose]()
    await assert.rejects(RemoteCache.connect(`@${server.address}`), (error: Error) => {
      assert.match(
        error.message,
        new RegExp(`${server.address}: cannot connect \\(ECONNREFUSED\\)`),
      )
      return code('UNDERCROFT_CONNECTION')(error)
    })
    await using cache = new RemoteCache('@/nowhere/at/all.sock')
    const calls = await Promise.allSettled([cache.get('a'), cache.get('b'), cache.set('c', 'v')])
    assert.deepEqual(
      calls.map(call => call.status),
      ['rejected', 'rejected', 'rejected'],
    )
  })

  test('resolves host names', async () => {
    await using server = await serveCaches([openTestCache({ name: 'first' })], {
      listen: 'localhost:0',
    })
    const port = server.addresses[0]?.split(':').at(-1)
    await using cache = await RemoteCache.connect(`first@localhost:${port}`)
    assert.equal(await cache.set('key', 'value'), true)
  })

  test('refuses identifiers that name no address', () => {
    for (const identifier of [
      'first',
      'first@',
      'first@host',
      '@:3031',
      '@host:99999',
      '@h:0',
      `${'n'.repeat(256)}@h:1`,
    ]) {
      assert.throws(() => new RemoteCache(identifier), code('UNDERCROFT_OPTION_INVALID'))
    }
    assert.throws(
      () => new RemoteCache('@h:1', { timeout: 5 } as object),
      code('UNDERCROFT_OPTION_INVALID'),
    )
  })
})
