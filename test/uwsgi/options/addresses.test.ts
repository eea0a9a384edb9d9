import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { formatAddress, parseAddress } from '../../../src/uwsgi/options/index.ts'
import { refusal } from './reading.ts'

describe('a socket address', () => {
  test('with a colon is TCP', () => {
    assert.deepEqual(parseAddress('socket', 'db.local:3031'), {
      kind: 'tcp',
      host: 'db.local',
      port: 3031,
    })
  })

  test('without a host is on this machine, not on the whole network', () => {
    assert.equal(formatAddress(parseAddress('socket', ':3031')), '127.0.0.1:3031')
  })

  test('may be IPv6 in brackets', () => {
    assert.deepEqual(parseAddress('socket', '[::1]:3031'), { kind: 'tcp', host: '::1', port: 3031 })
    assert.equal(formatAddress({ kind: 'tcp', host: '::1', port: 3031 }), '[::1]:3031')
  })

  test('without a colon, or with a slash, is a Unix socket path', () => {
    assert.deepEqual(parseAddress('socket', 'app.sock'), { kind: 'unix', path: './app.sock' })
    assert.deepEqual(parseAddress('socket', '/run/a:b'), { kind: 'unix', path: '/run/a:b' })
  })

  test('cannot be an abstract name of Linux, which has no owner and no mode', () => {
    assert.throws(() => parseAddress('socket', '@app'), refusal(/no abstract socket.*"@app"/))
  })

  test('cannot be a path longer than the system takes', () => {
    const path = `/${'x'.repeat(103)}`
    assert.throws(() => parseAddress('socket', path), refusal(/path of at most 103 bytes/))
    assert.equal(formatAddress(parseAddress('socket', path.slice(0, -1))).length, 103)
  })

  for (const text of ['', 'host:', 'host:x', 'host:65536', 'host:-1', '::1:80']) {
    test(`cannot be ${JSON.stringify(text)}`, () => {
      assert.throws(() => parseAddress('socket', text), refusal(/socket must be host:port/))
    })
  }
})
