/**
 * Our own nodes among themselves, and what a hostile or broken one can do to them.
 */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Cache } from '../../src/index.ts'
import { receiveReplicas, replicate, syncFrom } from '../../src/replication/index.ts'
import { serveCaches } from '../../src/server/index.ts'
import { until } from '../../testing/deadline.ts'
import { readDump } from '../../testing/dumps.ts'
import { openTestCache } from '../../testing/open-test-cache.ts'
import { exchange } from '../../testing/raw-client.ts'
import { startScriptedServer } from '../../testing/scripted-server.ts'
import { UdpPeer } from '../../testing/udp-peer.ts'

const DUMP_REQUEST = Buffer.from('6f000006', 'hex')
const silent = { onLog() {} }

const open = (items: number, more: Record<string, string> = {}) =>
  openTestCache({ name: 'a', items: String(items), keysize: '64', blocksize: '256', ...more })

describe('two nodes that tell each other', () => {
  test('have the same items after sets, touches, counts, deletes and a clear', async () => {
    const [left, right] = [open(50), open(50)]
    using toLeft = await receiveReplicas(left, { addresses: ['127.0.0.1:0'] })
    using toRight = await receiveReplicas(right, { addresses: ['127.0.0.1:0'] })
    using fromLeft = await replicate(left, { nodes: toRight.addresses })
    using fromRight = await replicate(right, { nodes: toLeft.addresses })
    left.set('a', Buffer.from('1'))
    right.set('b', Buffer.from('2'), { ttlMs: 60_000 })
    left.count('n', 'inc', 7n)
    await until('both heard', () => toRight.counts.applied === 2 && toLeft.counts.applied === 1)
    left.touch('a', 60_000)
    assert.equal(right.count('n', 'inc', 1n), 8n)
    left.delete('b')
    await until('both heard', () => toRight.counts.applied === 4 && toLeft.counts.applied === 2)
    assert.equal(left.getItem('n')?.bytes.readBigInt64LE(), 8n)
    assert.ok((right.ttlMs('a') ?? 0) <= 60_000)
    assert.deepEqual([right.has('b'), left.has('b')], [false, false])
    left.clear()
    await until('the clear came', () => right.stats().items === 0)
    assert.deepEqual([fromLeft.counts.sent, fromRight.counts.sent], [6, 2], 'nothing is sent on')
  })

  test('keep the kinds of values, by datagrams and by a dump', async () => {
    const data = { text: 'größe', number: 7, big: 2n ** 60n, plain: { a: [1, null] } }
    const kinds = { ...data, bytes: null }
    const [left, right, third]: [Cache, Cache, Cache] = [open(50), open(50), open(50)]
    using receiver = await receiveReplicas(right, { addresses: ['127.0.0.1:0'] })
    using _sender = await replicate(left, { nodes: receiver.addresses })
    for (const [key, value] of Object.entries(kinds)) left.set(key, value ?? Buffer.from('b'))
    await until('all came', () => receiver.counts.applied === 5)
    await using server = await serveCaches([left], { listen: '127.0.0.1:0' })
    await syncFrom(third, server.addresses, silent)
    for (const cache of [right, third]) {
      for (const [key, value] of Object.entries(kinds)) {
        assert.deepEqual(cache.get(key), value ?? Buffer.from('b'), key)
      }
    }
  })

  test('stop when told to', async t => {
    const cache = open(5)
    const peer = await UdpPeer.open(t)
    const first = await replicate(cache, { nodes: [peer.address] })
    first.close()
    cache.set('unheard', Buffer.from('1'))
    using _second = await replicate(cache, { nodes: [peer.address] })
    cache.set('heard', Buffer.from('1'))
    assert.deepEqual(await peer.hex(1), ['6f0d000a05006865617264010031010030'])
  })
})

describe('a receiver', () => {
  test('survives every datagram, and applies none that is cut', async t => {
    const cache = open(50)
    using receiver = await receiveReplicas(cache, { addresses: ['127.0.0.1:0'], ...silent })
    const peer = await UdpPeer.open(t)
    const whole = Buffer.from('6f0d000a05006865617264010031010030', 'hex')
    for (let size = 0; size < whole.length; size++) {
      peer.send(whole.subarray(0, size), receiver.addresses[0] ?? '')
    }
    peer.send(Buffer.alloc(60_000, 0xff), receiver.addresses[0] ?? '')
    await until('all came', () => receiver.counts.received === whole.length + 1)
    assert.deepEqual([receiver.counts.applied, cache.stats().items], [0, 0])
  })

  test('refuses what its cache cannot hold, and keeps no older value', async () => {
    const [large, small] = [open(50, { blocksize: '1000' }), open(50, { blocksize: '10' })]
    using receiver = await receiveReplicas(small, { addresses: ['127.0.0.1:0'], ...silent })
    using _replication = await replicate(large, { nodes: receiver.addresses })
    large.set('key', Buffer.from('small'))
    large.set('key', Buffer.alloc(1000, 1))
    large.set('k'.repeat(64), Buffer.from('fits'))
    await until('all came', () => receiver.counts.received === 3)
    assert.deepEqual({ ...receiver.counts }, { received: 3, applied: 2, refused: 1 })
    assert.equal(small.has('key'), false)
  })

  test('listens where other machines reach it only if that is asked for', async () => {
    const refusal = { code: 'UNDERCROFT_OPTION_INVALID', message: /allowPublic/ }
    for (const address of ['0.0.0.0:0', ':0', '239.1.2.3:0']) {
      await assert.rejects(receiveReplicas(open(5), { addresses: [address] }), refusal)
    }
  })
})

describe('a sync between our own nodes', () => {
  test('converts item by item when all sizes differ', async () => {
    const source = open(100, { bitmap: '1', blocks: '300', purge_lru: '1' })
    for (let i = 0; i < 50; i++) source.set(`key-${i}`, Buffer.alloc(300 + i, i))
    source.getItem('key-0')
    await using server = await serveCaches([source], { listen: '127.0.0.1:0' })
    const target = open(31, { keysize: '40', blocksize: '512', purge_lru: '1' })
    const outcome = await syncFrom(target, server.addresses)
    assert.equal(outcome.kind, 'synced')
    assert.deepEqual(
      [target.stats().items, target.has('key-0'), target.has('key-1')],
      [30, true, false],
    )
    assert.deepEqual(target.getItem('key-49')?.bytes, Buffer.alloc(349, 49))
    // What was used last there, and what was just read here, outlive all others.
    for (let i = 0; i < 28; i++) target.set(`new-${i}`, Buffer.from('1'))
    assert.deepEqual(
      [target.has('key-0'), target.has('key-49'), target.has('key-48')],
      [true, true, false],
    )
  })

  test('takes the next server when one fails, and says so', async () => {
    const source = open(10)
    source.set('key', Buffer.from('value'))
    await using server = await serveCaches([source], { listen: '127.0.0.1:0' })
    const log: string[] = []
    const addresses = ['127.0.0.1:1', server.addresses[0] ?? '']
    await syncFrom(open(10), addresses, { onLog: line => log.push(line) })
    assert.deepEqual(log, [
      '[cache-sync] getting cache dump from 127.0.0.1:1 ...',
      '[cache-sync] unable to connect to the cache server',
      '[cache-sync] trying with the next sync node...',
      `[cache-sync] getting cache dump from ${addresses[1]} ...`,
      '[uwsgi-cache] restored 1 items',
    ])
  })

  test('does not believe sizes: no cut or scrambled dump leaves an item', async () => {
    const source = open(6)
    for (let i = 0; i < 5; i++) source.set(`key-${i}`, Buffer.alloc(100, i))
    await using server = await serveCaches([source], { listen: '127.0.0.1:0' })
    const reply = await exchange(server.addresses[0] ?? '', DUMP_REQUEST)
    for (let size = 0; size < reply.length; size += 97) {
      assert.equal(await itemsAfter(reply.subarray(0, size)), 0, `cut at ${size}`)
    }
    const lies = ['78'.repeat(8), 'ff'.repeat(8), '0000010000000000']
    for (const field of [8, 24, 32]) {
      for (const lie of lies) {
        const scrambled = Buffer.from(reply)
        scrambled.write(lie, 4 + reply.readUInt16LE(1) + 88 + 64 + field, 'hex')
        assert.equal(await itemsAfter(scrambled), 0, `${lie} at ${field}`)
      }
    }
    const details = 'items=4294967296,blocksize=4294967295,keysize=65535,blocks=4294967296'
    assert.equal(await itemsAfter(announcement(`${details},undercroft=1`)), 0)
  })
})

test('a dump that others write into has only whole values, each under its key', async () => {
  const cache = open(400, { bitmap: '1', blocks: '1600' })
  const write = (round: number) => {
    for (let i = 0; i < 300; i++) {
      cache.set(`key-${i}`, Buffer.alloc(1 + ((i * 7 + round * 131) % 900), i))
    }
  }
  write(0)
  await using server = await serveCaches([cache], { listen: '127.0.0.1:0' })
  const replies = [1, 2, 3].map(() => exchange(server.addresses[0] ?? '', DUMP_REQUEST))
  let over = false
  const done = Promise.all(replies).finally(() => {
    over = true
  })
  for (let round = 1; !over; round++) {
    write(round)
    await new Promise(resolve => setImmediate(resolve))
  }
  for (const reply of await done) {
    const dump = readDump(reply, { items: 400, keySize: 64, blockSize: 256, blocks: 1600 })
    assert.ok(dump.items.size > 250)
    assert.equal(dump.found.size, dump.items.size)
    for (const [key, { value }] of dump.items) {
      const i = Number(Buffer.from(key, 'hex').toString().slice(4))
      assert.equal(value, Buffer.alloc(value.length / 2, i).toString('hex'))
    }
  }
})

async function itemsAfter(reply: Buffer): Promise<number> {
  const cache = open(6)
  await using server = await startScriptedServer(socket => socket.end(reply))
  const outcome = await syncFrom(cache, [server.address], silent)
  assert.equal(outcome.kind, 'failed')
  return cache.stats().items
}

function announcement(text: string): Buffer {
  const field = (part: string) => Buffer.concat([Buffer.of(part.length, 0), Buffer.from(part)])
  const payload = Buffer.concat(text.split(/[,=]/).map(field))
  return Buffer.concat([Buffer.of(111, payload.length, 0, 7), payload, Buffer.alloc(100_000)])
}
