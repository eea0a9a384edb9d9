/**
 * Who may use a listener: by address.
 */

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { serveStats } from '../../src/monitoring/index.ts'
import { isInList, resolveAllowList } from '../../src/net/index.ts'
import { receiveReplicas } from '../../src/replication/index.ts'
import { type ListenerOptions, serveCaches } from '../../src/server/index.ts'
import { until } from '../../testing/deadline.ts'
import { openTestCache } from '../../testing/open-test-cache.ts'
import { exchange } from '../../testing/raw-client.ts'
import { onEnd, type Scope } from '../../testing/scope.ts'
import { tempDir } from '../../testing/temp-dir.ts'
import { UdpPeer } from '../../testing/udp-peer.ts'

const _SECRET = 'sixteen bytes at least'
const GET_FOO = Buffer.from('6f030000666f6f', 'hex')

async function serve(t: Scope, options: Partial<ListenerOptions>) {
  const cache = openTestCache({ name: 'first', items: '100' })
  cache.set('foo', Buffer.from('bar'))
  const listen = { address: '127.0.0.1:0', ...options }
  const server = await serveCaches([cache], { listen })
  onEnd(t, () => server.close())
  const address = server.addresses[0] ?? ''
  return { server, address }
}

describe('a list of addresses', () => {
  const cases = [
    ['10.0.0.7', '10.0.0.7', true],
    ['10.0.0.7', '10.0.0.8', false],
    ['10.0.0.0/8', '10.255.1.2', true],
    ['10.0.0.0/8', '11.0.0.1', false],
    ['10.0.0.0/8', '::ffff:10.1.2.3', true],
    ['10.0.0.0/8', '::ffff:11.1.2.3', false],
    ['0.0.0.0/0', '192.0.2.1', true],
    ['fd00::/8', 'fdab::1', true],
    ['fd00::/8', 'fe80::1', false],
    ['fe80::/10', 'fe80::1%eth0', true],
    ['::1', '::1', true],
    ['10.0.0.7', '', false],
    ['10.0.0.7', undefined, false],
  ] as const
  for (const [entry, address, isIn] of cases) {
    test(`${entry} ${isIn ? 'has' : 'has not'} ${address}`, () => {
      const list = resolveAllowList('allow', [entry])
      assert.equal(list !== undefined && isInList(list, address), isIn)
    })
  }

  test('refuses what is none, and an empty list, which would shut everybody out', () => {
    const wrong = ['', 'localhost', '10.0.0.0/33', 'fd00::/129', '10.0.0.0/', '10.0.0/8', 7, null]
    for (const allow of [...wrong.map(entry => [entry]), [], '10.0.0.7', {}]) {
      assert.throws(() => resolveAllowList('allow', allow), { code: 'UNDERCROFT_OPTION_INVALID' })
    }
  })
})

describe('a listener with an allow list', () => {
  test('serves those who are in it', async t => {
    const { address } = await serve(t, { allow: ['10.0.0.0/8', '127.0.0.0/8'] })
    assert.equal((await exchange(address, GET_FOO)).toString('hex'), '6f030000626172')
  })

  test('closes others without a byte, and counts them no longer', async t => {
    const { address, server } = await serve(t, { allow: ['10.0.0.0/8'] })
    assert.equal((await exchange(address, GET_FOO)).length, 0)
    assert.equal(server.connectionCount, 0)
  })

  test('is for TCP only', async t => {
    const address = join(tempDir(t), 's')
    await assert.rejects(serve(t, { address, allow: ['127.0.0.1'] }), {
      code: 'UNDERCROFT_OPTION_INVALID',
      message: /allow is for TCP/,
    })
  })

  test('of statistics closes others, too', async t => {
    const caches = [openTestCache({ items: '10' })]
    const address = '127.0.0.1:0'
    const shut = await serveStats(caches, { address, allow: ['10.0.0.0/8'] })
    onEnd(t, () => shut.close())
    assert.equal((await exchange(shut.address, Buffer.of())).length, 0)
    const open = await serveStats(caches, { address, allow: ['127.0.0.1'] })
    onEnd(t, () => open.close())
    assert.match(
      (await exchange(open.address, Buffer.from('GET / HTTP/1.0\r\n\r\n'))).toString(),
      /200/,
    )
  })
})

describe('a receiver of datagrams with an allow list', () => {
  test('takes those of senders in it, refuses others, and says whose once', async t => {
    const cache = openTestCache({ items: '10' })
    const peer = await UdpPeer.open(t)
    const deletion = Buffer.from('6f03000b' + '0100' + '6b', 'hex')
    const lines: string[] = []
    const receive = async (allow: readonly string[]) => {
      const onLog = (line: string) => lines.push(line)
      const receiver = await receiveReplicas(cache, { addresses: ['127.0.0.1:0'], allow, onLog })
      onEnd(t, () => receiver.close())
      peer.send(deletion, receiver.addresses[0] ?? '')
      peer.send(deletion, receiver.addresses[0] ?? '')
      await until('both came', () => receiver.counts.received === 2)
      return receiver.counts
    }
    cache.set('k', Buffer.from('v'))
    assert.deepEqual(await receive(['10.0.0.0/8']), { received: 2, applied: 0, refused: 2 })
    assert.equal(cache.has('k'), true)
    assert.deepEqual(lines, ['[cache-udp-server] unable to update cache: 127.0.0.1 is not allowed'])
    assert.deepEqual(await receive(['127.0.0.1']), { received: 2, applied: 2, refused: 0 })
    assert.equal(cache.has('k'), false)
  })
})
