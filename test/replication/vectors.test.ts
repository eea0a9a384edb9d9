/**
 * The recorded dumps and datagrams: what we send is what was meant, what we get has its effect.
 */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { REPLICATION } from '../../src/base/index.ts'
import { encodeSetDatagram, parseDatagram } from '../../src/protocols/uwsgi/index.ts'
import { receiveReplicas, replicate, syncFrom } from '../../src/replication/index.ts'
import { serveCaches } from '../../src/server/index.ts'
import { until } from '../../testing/deadline.ts'
import { readDump } from '../../testing/dumps.ts'
import { openTestCache, parseCacheLine } from '../../testing/open-test-cache.ts'
import { exchange } from '../../testing/raw-client.ts'
import { startScriptedServer } from '../../testing/scripted-server.ts'
import { UdpPeer } from '../../testing/udp-peer.ts'
import { prepare, readVectors, type Vector, valuesAfter } from '../../testing/vectors.ts'

const MODIFIER2_DUMP = 6
const SHAPE = { items: 3, keySize: 8, blockSize: 8, blocks: 3 }

const openCaches = (vector: Vector) =>
  vector.config.map(line => openTestCache(parseCacheLine(line)))

function only<T>(items: readonly T[]): T {
  const [item] = items
  assert.ok(item !== undefined && items.length === 1)
  return item
}

describe('a dump has the recorded header, dictionary, size and items, and nothing else', () => {
  const vectors = readVectors('tcp').filter(vector => vector.modifier2 === MODIFIER2_DUMP)
  for (const vector of vectors) {
    test(`${vector.id} ${vector.name}`, async () => {
      const caches = openCaches(vector)
      prepare(vector, caches)
      await using server = await serveCaches(caches, { listen: '127.0.0.1:0' })
      const request = Buffer.from(vector.request_hex, 'hex')
      const reply = await exchange(server.addresses[0] ?? '', request)
      const expected = Buffer.from(vector.response_hex, 'hex')
      assert.equal(reply.length, expected.length)
      if (expected.length === 0) return
      const [ours, theirs] = [readDump(reply, SHAPE), readDump(expected, SHAPE)]
      assert.equal(ours.headerHex, theirs.headerHex)
      assert.deepEqual(ours.dictionary, theirs.dictionary)
      assert.equal(ours.areaSize, theirs.areaSize)
      assert.deepEqual(new Map([...ours.items].sort()), new Map([...theirs.items].sort()))
      assert.deepEqual([...ours.found].sort(), [...ours.items.keys()].sort())
      assert.equal(ours.strayCount, 0)
    })
  }
})

describe('a datagram has the recorded effect', () => {
  for (const vector of readVectors('udp')) {
    test(`${vector.id} ${vector.name}`, async t => {
      const cache = only(openCaches(vector))
      prepare(vector, [cache])
      using receiver = await receiveReplicas(cache, { addresses: ['127.0.0.1:0'], onLog() {} })
      const peer = await UdpPeer.open(t)
      peer.send(Buffer.from(vector.request_hex, 'hex'), receiver.addresses[0] ?? '')
      await until('it was received', () => receiver.counts.received === 1)
      const { found, expected } = valuesAfter(vector, [cache])
      assert.deepEqual(found, expected)
    })
  }
})

describe('a change sends the recorded datagrams, deletes padded', () => {
  for (const vector of readVectors('udp-emitted')) {
    test(`${vector.id} ${vector.name}`, async t => {
      const cache = only(openCaches(vector))
      for (const step of vector.setup) call(cache, String(step).replace(/^u\./, ''))
      const peer = await UdpPeer.open(t)
      using replication = await replicate(cache, { nodes: [peer.address] })
      call(cache, vector.trigger ?? '')
      cache.set('last', Buffer.from('!')) // so that nothing more can come unseen
      const intended = vector.response_hex === '' ? [] : [vector.response_hex]
      const expected = (vector.datagrams_hex ?? intended).map(padDelete)
      const came = (await peer.hex(expected.length + 1)).map(withoutType)
      assert.deepEqual(came.slice(0, -1).sort(), [...expected].sort())
      assert.equal(replication.counts.failed, 0)
    })
  }
})

describe('a recorded dump fills a cache as it filled a uWSGI, or is refused in its words', () => {
  for (const vector of readVectors('sync-client')) {
    test(`${vector.id} ${vector.name}`, async () => {
      const cache = only(openCaches(vector))
      await using server = await startScriptedServer(socket => {
        socket.end(Buffer.from(vector.response_hex, 'hex'))
      })
      const log: string[] = []
      const outcome = await syncFrom(cache, [server.address], { onLog: line => log.push(line) })
      assert.equal(server.requests[0]?.toString('hex'), vector.request_hex)
      const expected = vector.log?.map(line => line.replace(/127[.\d]+:\d+/, server.address))
      assert.deepEqual(log.slice(0, expected?.length), expected)
      const isRefused = vector.result === 'exit status 1'
      assert.equal(outcome.kind, isRefused ? 'failed' : 'synced')
      const items = cache[REPLICATION]
        .itemPage(0, 1000)
        .items.map(({ key, bytes }) => [key, bytes] as const)
      assert.equal(formatPython(items), isRefused ? '[]' : vector.result)
    })
  }
})

/** Ours say at the end that a counter is one, which uWSGI's receiver ignores. */
function withoutType(hex: string): string {
  const datagram = parseDatagram(Buffer.from(hex, 'hex'))
  if (datagram?.kind !== 'set') return hex
  const { key, value, expiresAtMs } = datagram
  return encodeSetDatagram(key, value, expiresAtMs)?.toString('hex') ?? hex
}

/** The deletes were recorded as uWSGI sends them; ours have the two bytes its receiver misses. */
function padDelete(hex: string): string {
  const bytes = Buffer.from(hex, 'hex')
  if (bytes[3] !== 11) return hex
  const padded = Buffer.concat([bytes, Buffer.alloc(2)])
  padded.writeUInt16LE(bytes.readUInt16LE(1) + 2, 1)
  return padded.toString('hex')
}

/** What the vectors call, such as `cache_set('k','v')`. */
function call(cache: ReturnType<typeof openTestCache>, text: string): void {
  const [, name, args = ''] = /^cache_(\w+)\((.*)\)$/.exec(text) ?? []
  const [key = '', value = ''] = args.split(',').map(part => part.replaceAll("'", ''))
  if (name === 'set') cache.add(key, Buffer.from(value))
  else if (name === 'update') cache.set(key, Buffer.from(value))
  else if (name === 'del') cache.delete(key)
  else if (name === 'inc') cache.count(key, 'inc', BigInt(value))
  else if (name === 'clear') cache.clear()
  else throw new Error(`the test cannot call ${text}`)
}

/** A list of pairs as Python writes it, in the order of the keys. */
function formatPython(items: readonly (readonly [Buffer, Buffer])[]): string {
  const sorted = [...items].sort(([a], [b]) => Buffer.compare(a, b))
  return `[${sorted.map(([key, value]) => `(${literal(key)}, ${literal(value)})`).join(', ')}]`
}

function literal(bytes: Buffer): string {
  const hex = (byte: number) => `\\x${byte.toString(16)}`
  const text = Array.from(bytes, byte => (byte < 128 ? String.fromCharCode(byte) : hex(byte)))
  return `b'${text.join('')}'`
}
