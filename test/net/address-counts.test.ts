import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AddressCounts } from '../../src/net/index.ts'

test('connections of one client count together, and of others apart', () => {
  const counts = new AddressCounts(1)
  const release = counts.add('10.0.0.1')
  assert.deepEqual(
    ['10.0.0.1', '::ffff:10.0.0.1', '10.0.0.2', undefined].map(each => counts.hasRoom(each)),
    [false, false, true, true],
  )
  release()
  release()
  assert.equal(counts.hasRoom('10.0.0.1'), true)
})

test('addresses of one IPv6 network of 64 bits count together, in every spelling', () => {
  const counts = new AddressCounts(1)
  counts.add('2001:db8:0:1::1')
  assert.deepEqual(
    ['2001:db8:0:1:5:6:7:8', '2001:db8::1:0:0:0:9', '2001:db8:0:2::1', '::1'].map(each =>
      counts.hasRoom(each),
    ),
    [false, false, true, true],
  )
})

test('clients of Unix sockets are not counted', () => {
  const counts = new AddressCounts(1)
  counts.add('')
  assert.equal(counts.hasRoom(''), true)
})
