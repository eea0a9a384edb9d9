/**
 * Packets to any uwsgi server, as uWSGI 1.4 sent them.
 */

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { sendMessage, sendMessageRaw } from '../../src/client/index.ts'
import { type CacheServer, serveCaches } from '../../src/server/index.ts'
import { openTestCache } from '../../testing/open-test-cache.ts'
import { startScriptedServer } from '../../testing/scripted-server.ts'

const cache = openTestCache({ name: 'default', blocksize: '1000000' })
let server: CacheServer
let address: string

before(async () => {
  server = await serveCaches([cache], { listen: '127.0.0.1:0' })
  address = server.addresses[0] ?? ''
  cache.set('foo', Buffer.from('bar'))
  cache.set('page', Buffer.from('HTTP/1.0 200 OK\r\n\r\nhello'))
  cache.set('big', Buffer.alloc(60_000, 'x'))
})

after(() => server.close())

async function collect(chunks: AsyncIterable<Buffer>): Promise<string> {
  const all: Buffer[] = []
  for await (const chunk of chunks) all.push(chunk)
  return Buffer.concat(all).toString()
}

describe('sendMessage', () => {
  test('yields the value of a cache get, and nothing on a miss', async () => {
    assert.equal(await collect(sendMessage(address, 111, 0, 'foo')), 'bar')
    assert.equal(await collect(sendMessage(address, 111, 0, 'none')), '')
    assert.equal((await collect(sendMessage(address, 111, 0, 'big'))).length, 60_000)
  })

  test('sends an object as a dictionary and yields an HTTP reply whole', async () => {
    const reply = await collect(sendMessage(address, 111, 3, { key: 'page' }))
    assert.equal(reply, 'HTTP/1.0 200 OK\r\n\r\nhello')
  })

  test('in its raw form yields every byte, with or without a header', async () => {
    assert.equal(await collect(sendMessageRaw(address, 111, 3, { key: 'foo' })), 'bar')
    assert.equal(await collect(sendMessageRaw(address, 111, 5, 'foo')), 'o\0\0\x01bar')
  })

  test('ends when the server is silent for longer than the timeout', async () => {
    await using silent = await startScriptedServer(socket => socket.write('o\x08\0\0half'))
    assert.equal(await collect(sendMessage(silent.address, 111, 0, 'foo', 30)), 'half')
  })

  test('reads a header that arrives byte by byte', async () => {
    await using slow = await startScriptedServer(socket => {
      for (const byte of Buffer.from('o\x02\0\0ok and more')) socket.write(Buffer.of(byte))
    })
    assert.equal(await collect(sendMessage(slow.address, 111, 0, 'foo')), 'ok')
  })

  test('fails when there is no server, and when the message is too long', async () => {
    await assert.rejects(collect(sendMessage('/nowhere/at/all', 111, 0, 'x')), {
      code: 'UNDERCROFT_CONNECTION',
    })
    await assert.rejects(collect(sendMessage(address, 111, 0, Buffer.alloc(65_536))), {
      code: 'UNDERCROFT_OPTION_INVALID',
    })
    await assert.rejects(collect(sendMessage(address, 111, 3, { k: 'v'.repeat(65_536) })), {
      code: 'UNDERCROFT_OPTION_INVALID',
    })
  })
})
