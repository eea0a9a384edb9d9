import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { API_ADDRESS, formatAddress, parseAddress, parseIdentifier } from '../../src/net/index.ts'

describe('an address', () => {
  test('is a host and a port, or a path', () => {
    assert.deepEqual(parseAddress('a', 'host:1', API_ADDRESS), {
      kind: 'tcp',
      host: 'host',
      port: 1,
    })
    assert.deepEqual(parseAddress('a', '[::1]:2', API_ADDRESS), {
      kind: 'tcp',
      host: '::1',
      port: 2,
    })
    assert.deepEqual(parseAddress('a', ':3', API_ADDRESS), { kind: 'tcp', host: '', port: 3 })
    assert.deepEqual(parseAddress('a', './x', API_ADDRESS), { kind: 'unix', path: './x' })
    assert.equal(formatAddress(parseAddress('a', '[::1]:2', API_ADDRESS)), '[::1]:2')
    for (const bad of ['', 'host', 'host:', 'host:x', '::1:2', 'host:65536', '/a\0b']) {
      assert.throws(
        () => parseAddress('a', bad, API_ADDRESS),
        { code: 'UNDERCROFT_OPTION_INVALID' },
        bad,
      )
    }
  })

  test('in an identifier begins at the first @, so a path may hold one', () => {
    const { cacheName, address } = parseIdentifier('name@/run/a@b.sock')
    assert.equal(cacheName, 'name')
    assert.deepEqual(address, { kind: 'unix', path: '/run/a@b.sock' })
    assert.equal(parseIdentifier('@host:1').cacheName, '')
    for (const bare of ['host:1', '@host:1']) {
      assert.deepEqual(parseIdentifier(bare).address, { kind: 'tcp', host: 'host', port: 1 })
    }
    assert.throws(() => parseIdentifier('instance/name'), { code: 'UNDERCROFT_OPTION_INVALID' })
    const path = '/run/a@b.sock'
    assert.deepEqual(parseIdentifier(path), { cacheName: '', address: { kind: 'unix', path } })
  })
})
