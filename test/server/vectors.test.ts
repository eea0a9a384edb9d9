/**
 * Every recorded request through a real socket, answered byte for byte.
 */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { serveCaches } from '../../src/server/index.ts'
import { describeEachWay } from '../../testing/accept-ways.ts'
import { openTestCache, parseCacheLine } from '../../testing/open-test-cache.ts'
import { RawClient } from '../../testing/raw-client.ts'
import { prepare, readVectors, type Vector, valuesAfter } from '../../testing/vectors.ts'

const MODIFIER2_DUMP = 6

/** Dumps are in test/replication/vectors.test.ts: the order of their records is free to us. */
const vectors = readVectors('tcp').filter(vector => vector.modifier2 !== MODIFIER2_DUMP)

describeEachWay('a request that uWSGI understands gets the documented answer', () => {
  for (const vector of vectors) test(`${vector.id} ${vector.name}`, () => replay(vector, 'whole'))
})

describeEachWay('the answer is the same when the request arrives byte by byte', () => {
  for (const vector of vectors) {
    const isShort = vector.request_hex.length < 200
    if (isShort) test(`${vector.id} ${vector.name}`, () => replay(vector, 'byte by byte'))
  }
})

async function replay(vector: Vector, manner: 'whole' | 'byte by byte'): Promise<void> {
  const caches = vector.config.map(line => openTestCache(parseCacheLine(line)))
  prepare(vector, caches)
  const stalls = vector.closed_after_seconds !== undefined
  await using server = await serveCaches(caches, {
    listen: '127.0.0.1:0',
    ...(stalls ? { socketTimeoutMs: 40 } : {}),
  })
  const client = await RawClient.connect(server.addresses[0] ?? '')
  const request = Buffer.from(vector.request_hex, 'hex')
  if (manner === 'whole') client.send(request)
  else await client.sendByteByByte(request)
  if (vector.client_half_closes === true) client.halfClose()
  const response = await client.untilClosed()
  compareResponse(response, vector)
  const { found, expected } = valuesAfter(vector, caches)
  assert.deepEqual(found, expected)
}

function compareResponse(response: Buffer, vector: Vector): void {
  const expected = Buffer.from(vector.response_hex, 'hex')
  const { dynamic } = vector
  if (dynamic !== undefined) {
    const [start, end] = [dynamic.offset, dynamic.offset + dynamic.length]
    const seconds = Number(response.toString('latin1', start, end))
    assert.ok(Math.abs(seconds - (Date.now() / 1000 + 60)) < 5, 'the expiry is a minute from now')
    expected.copy(response, start, start, end)
  }
  assert.equal(response.length, vector.response_length ?? expected.length)
  assert.equal(response.subarray(0, expected.length).toString('hex'), expected.toString('hex'))
  if (vector.response_length !== undefined) {
    assert.ok(response.subarray(expected.length).every(byte => byte === 0x79))
  }
}
