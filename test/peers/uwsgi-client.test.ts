/**
 * Real uWSGI as the client. Its own server keeps the same contract as ours, which shows that what
 * the contract asks is what applications know.
 */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { requirePeer } from '../../testing/peers/peers.ts'
import { runPython, startUwsgi } from '../../testing/peers/uwsgi.ts'
import { startServer } from '../../testing/undercroft-server.ts'
import { addresses, describeUwsgiContract, ITEM_COUNT, MAX_VALUE_SIZE } from './uwsgi-contract.ts'

const sizes = { maxItems: ITEM_COUNT, blockSize: MAX_VALUE_SIZE }
const caches = [
  { name: 'main', ...sizes },
  { name: 'other', ...sizes },
]

describeUwsgiContract('a real uWSGI', async t => {
  const command = requirePeer(t, 'uwsgi')
  if (command === undefined) return undefined
  const values = caches.map(({ name }) => `name=${name},items=${ITEM_COUNT}`)
  return startUwsgi(t, command, values)
})

describeUwsgiContract('undercroft', t => startServer(t, { caches }))

describe('Node and Python share a cache', () => {
  test('what Node set, Python gets: text as UTF-8, bytes as bytes', async t => {
    const command = requirePeer(t, 'uwsgi')
    if (command === undefined) return
    const server = await startServer(t, { caches })
    server.cache('main').set('text', Buffer.from('größe'))
    server.cache('main').set('bytes', Uint8Array.of(0, 255))
    const shown = await runPython(t, command, [
      ...addresses(server),
      "show(uwsgi.cache_get('text', main).decode('utf-8'))",
      "show(uwsgi.cache_get('bytes', main))",
    ])
    assert.deepEqual(shown, ['größe', '\0\xff'])
  })

  test('what Python stores with a negative time is gone, and the old value, too', async t => {
    const command = requirePeer(t, 'uwsgi')
    if (command === undefined) return
    const server = await startServer(t, { caches })
    const cache = server.cache('main')
    cache.set('k', Buffer.from('old'))
    const shown = await runPython(t, command, [
      ...addresses(server),
      "show(uwsgi.cache_update('k', 'new', -1, main))",
      "show(uwsgi.cache_get('k', main))",
    ])
    assert.deepEqual(shown, [true, null])
    assert.equal(cache.has('k'), false)
  })

  test('what Python set, Node gets, with the time it has left', async t => {
    const command = requirePeer(t, 'uwsgi')
    if (command === undefined) return
    const server = await startServer(t, { caches })
    await runPython(t, command, [
      ...addresses(server),
      "uwsgi.cache_set('ever', 'value', 0, main)",
      "uwsgi.cache_set('hour', b'\\x00\\xff', 3600, main)",
    ])
    const cache = server.cache('main')
    assert.equal(cache.getItem('ever')?.bytes.toString(), 'value')
    assert.equal(cache.ttlMs('ever'), Number.POSITIVE_INFINITY)
    assert.deepEqual(cache.getItem('hour')?.bytes, Buffer.of(0, 255))
    const leftMs = cache.ttlMs('hour') ?? 0
    assert.ok(leftMs > 3_500_000 && leftMs <= 3_600_000, `${leftMs} ms left`)
    assert.deepEqual(cache.verify().problems, [])
  })
})
