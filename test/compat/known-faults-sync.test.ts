/**
 * Faults of uWSGI's synchronisation, and what happens here instead.
 */

import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Cache } from '../../src/index.ts'
import { parseDictionary } from '../../src/protocols/uwsgi/index.ts'
import { receiveReplicas, replicate, syncFrom } from '../../src/replication/index.ts'
import { serveCaches } from '../../src/server/index.ts'
import { until } from '../../testing/deadline.ts'
import { readDump } from '../../testing/dumps.ts'
import { openTestCache } from '../../testing/open-test-cache.ts'
import { exchange } from '../../testing/raw-client.ts'
import { UdpPeer } from '../../testing/udp-peer.ts'

const open = (more: Record<string, string> = {}) =>
  openTestCache({ name: 'a', items: '20', keysize: '64', blocksize: '100000', ...more })

test('F16: a file made for other sizes is refused, also when it is as large', () => {
  const directory = mkdtempSync(join(tmpdir(), 'undercroft-test-'))
  try {
    const sizes = { name: 'a', directory, maxItems: 7, bitmap: false }
    using _first = Cache.open({ ...sizes, maxKeySize: 16, blockSize: 32 })
    const other = () => Cache.open({ ...sizes, maxKeySize: 8, blockSize: 40 })
    assert.throws(other, { code: 'UNDERCROFT_GEOMETRY_MISMATCH' })
  } finally {
    rmSync(directory, { recursive: true })
  }
})

test('F17: after a sync of a bitmap cache, new items overwrite none', async () => {
  const sizes = { bitmap: '1', blocksize: '64', blocks: '60' }
  const source = open(sizes)
  for (let i = 0; i < 10; i++) source.set(`k${i}`, Buffer.alloc(150, i))
  await using server = await serveCaches([source], { listen: '127.0.0.1:0' })
  const cache = open(sizes)
  await syncFrom(cache, server.addresses)
  for (let i = 0; i < 9; i++) assert.ok(cache.set(`new${i}`, Buffer.alloc(150, 99)))
  for (let i = 0; i < 10; i++) {
    assert.deepEqual(cache.getItem(`k${i}`)?.bytes, Buffer.alloc(150, i))
  }
  assert.deepEqual(cache.verify().problems, [])
})

test('F22: a value too large for a datagram is sent as a delete, counted, said once', async () => {
  const [cache, replica] = [open(), open()]
  const log: string[] = []
  using receiver = await receiveReplicas(replica, { addresses: ['127.0.0.1:0'] })
  const onLog = (line: string) => log.push(line)
  using replication = await replicate(cache, { nodes: receiver.addresses, onLog })
  for (const size of [70_000, 65_536, 65_535]) {
    cache.set('k', Buffer.from('old'))
    cache.set('k', Buffer.alloc(size))
    cache.set('other', Buffer.alloc(60_000, 1))
  }
  await until('all came', () => receiver.counts.applied === 9)
  assert.equal(replica.has('k'), false)
  assert.equal(replica.getItem('other')?.bytes.length, 60_000)
  assert.equal(replication.counts.tooLarge, 3)
  assert.equal(log.length, 1)
})

test('F23: deletes take effect in both forms, and leave here in the one uWSGI takes', async t => {
  const cache = open()
  const peer = await UdpPeer.open(t)
  using receiver = await receiveReplicas(cache, { addresses: ['127.0.0.1:0'] })
  for (const hex of ['6f03000b01006b', '6f05000b01006b0000']) {
    cache.set('k', Buffer.from('v'))
    peer.send(Buffer.from(hex, 'hex'), receiver.addresses[0] ?? '')
    await until('it is gone', () => !cache.has('k'))
  }
  cache.set('k', Buffer.from('v'))
  using _replication = await replicate(cache, { nodes: [peer.address] })
  cache.delete('k')
  assert.deepEqual(await peer.hex(1), ['6f05000b01006b0000'])
})

test('F24: an item that came by UDP ends when it should', async () => {
  const [cache, replica] = [open(), open()]
  using receiver = await receiveReplicas(replica, { addresses: ['127.0.0.1:0'] })
  using _replication = await replicate(cache, { nodes: receiver.addresses })
  replica.set('over', Buffer.from('old'))
  cache.set('over', Buffer.from('v'), { ttlMs: 0 })
  cache.set('hour', Buffer.from('v'), { ttlMs: 3_600_000 })
  await until('both came', () => receiver.counts.applied === 2)
  assert.equal(replica.has('over'), false)
  const { expiresAtMs = 0 } = cache.getItem('hour') ?? {}
  assert.equal(replica.getItem('hour')?.expiresAtMs, Math.floor(expiresAtMs / 1000) * 1000)
})

test('F25: counters are sent as what they came to, with the moment they end', async () => {
  const [cache, replica] = [open(), open()]
  using receiver = await receiveReplicas(replica, { addresses: ['127.0.0.1:0'] })
  using _replication = await replicate(cache, { nodes: receiver.addresses })
  cache.count('n', 'inc', 5n, { ttlMs: 3_600_000 })
  cache.count('n', 'inc', 5n, { ttlMs: 77_000 })
  cache.count('n', 'mul', 3n)
  await until('all came', () => receiver.counts.applied === 3)
  assert.equal(replica.getItem('n')?.bytes.readBigInt64LE(), 30n)
  assert.ok((replica.ttlMs('n') ?? 0) > 3_500_000)
})

test('F26: a clear is sent as one delete for each key there was', async () => {
  const [cache, replica] = [open(), open()]
  for (const key of ['a', 'b', 'c']) cache.set(key, Buffer.from('v'))
  for (const key of ['a', 'b', 'mine']) replica.set(key, Buffer.from('v'))
  using receiver = await receiveReplicas(replica, { addresses: ['127.0.0.1:0'] })
  using replication = await replicate(cache, { nodes: receiver.addresses })
  cache.clear()
  await until('all came', () => receiver.counts.applied === 3)
  assert.deepEqual([...replica.keys()], ['mine'])
  assert.equal(replication.counts.sent, 3)
})

test('F36: a server of ours says how large its keys are, so other sizes are no harm', async () => {
  const source = open({ keysize: '100' })
  source.set('k', Buffer.from('v'))
  await using server = await serveCaches([source], { listen: '127.0.0.1:0' })
  const cache = open()
  assert.equal((await syncFrom(cache, server.addresses)).kind, 'synced')
  assert.equal(cache.getItem('k')?.bytes.toString(), 'v')
  const request = Buffer.concat([Buffer.of(111, 12, 0, 6), Buffer.from('a\0undercroft')])
  const shape = { items: 20, keySize: 100, blockSize: 100_000, blocks: 20 }
  const { dictionary } = readDump(await exchange(server.addresses[0] ?? '', request), shape)
  const pairs = parseDictionary(dictionary).pairs.map(([name, value]) => `${name}=${value}`)
  const sizes = 'items=20 blocksize=100000 keysize=100 blocks=20 hash=djb33x hashsize=65536'
  assert.equal(pairs.join(' '), `${sizes} undercroft=1`)
})

test('F37: when no server can be used the cache starts without, and that is said', async () => {
  const cache = open()
  const log: string[] = []
  const outcome = await syncFrom(cache, ['127.0.0.1:1'], { onLog: line => log.push(line) })
  assert.equal(outcome.kind, 'failed')
  assert.match(log.at(-1) ?? '', /\*\*\* no server gave the content of cache "a"/)
  assert.ok(cache.set('k', Buffer.from('v')))
})

test('F63: an address without a port is an error, not silence', async () => {
  const error = { code: 'UNDERCROFT_OPTION_INVALID', message: /host:port; got "127\.0\.0\.1"/ }
  const where = ['127.0.0.1']
  await assert.rejects(receiveReplicas(open(), { addresses: where }), error)
  await assert.rejects(replicate(open(), { nodes: where }), error)
})
