/**
 * Datagrams against those of a real uWSGI.
 */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  encodeDeleteDatagram,
  encodeSetDatagram,
  parseDatagram,
} from '../../../src/protocols/uwsgi/index.ts'
import { openTestCache } from '../../../testing/open-test-cache.ts'
import { prepare, readVectors, valuesAfter } from '../../../testing/vectors.ts'

describe('a received datagram changes the cache as documented', () => {
  for (const vector of readVectors('udp')) {
    test(`${vector.id} ${vector.name}`, () => {
      const cache = openTestCache({ name: 'default', items: '20' })
      prepare(vector, [cache])
      const datagram = parseDatagram(Buffer.from(vector.request_hex, 'hex'))
      if (datagram?.kind === 'set') cache.set(datagram.key, datagram.value)
      else if (datagram?.kind === 'delete') cache.delete(datagram.key)
      const { found, expected } = valuesAfter(vector, [cache])
      assert.deepEqual(found, expected)
    })
  }

  test('with the moment it ends', () => {
    const datagram = parseDatagram(
      Buffer.from('6f12000a0100750100760a0034313032343434383030', 'hex'),
    )
    assert.equal(datagram?.kind === 'set' && datagram.expiresAtMs, 4_102_444_800_000)
  })
})

describe('a datagram to send', () => {
  test('is for a set the one that uWSGI sends', () => {
    const sent = readVectors('udp-emitted').find(vector => vector.name === 'node-set')
    const datagram = encodeSetDatagram(Buffer.from('k'), Buffer.from('v'), 0)
    assert.equal(datagram?.toString('hex'), sent?.response_hex)
  })

  test('is for a delete the form that uWSGI accepts', () => {
    const accepted = readVectors('udp').find(vector => vector.name === 'udp-del-padded')
    assert.equal(encodeDeleteDatagram(Buffer.from('foo'))?.toString('hex'), accepted?.request_hex)
  })

  test('is refused rather than cut when it is too large to send', () => {
    const key = Buffer.from('k')
    assert.equal(encodeSetDatagram(key, Buffer.alloc(65_495), 0)?.length, 65_507)
    assert.equal(encodeSetDatagram(key, Buffer.alloc(65_496), 0), undefined)
  })
})
