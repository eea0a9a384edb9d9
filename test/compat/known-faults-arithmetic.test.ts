/**
 * Faults of uWSGI's arithmetic, and what happens here instead. known-faults-api.test.ts has
 * those that users of its functions meet.
 */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Cache } from '../../src/index.ts'
import { serveCaches } from '../../src/server/index.ts'
import { ask } from '../../testing/magic.ts'
import { openTestCache } from '../../testing/open-test-cache.ts'
import { RawClient } from '../../testing/raw-client.ts'
import { memoryDir } from '../../testing/temp-dir.ts'
import { readText } from '../tidy/sources.ts'

const SMALLEST = -(2n ** 63n)

test('F7: the smallest number divided by -1 is itself, and nobody dies of it', async t => {
  const options = { name: 'a', maxItems: 5, directory: memoryDir(t) }
  using cache = Cache.open(options)
  cache.set('n', SMALLEST)
  assert.equal(cache.divide('n', -1n), SMALLEST)
  assert.equal(cache.get('n'), SMALLEST)
  assert.equal(cache.divide('n', 0n), 0n)
  await using server = await serveCaches([cache], { listen: '127.0.0.1:0' })
  const client = await RawClient.connect(server.addresses[0] ?? '')
  cache.set('n', SMALLEST)
  const reply = await ask(client, { cmd: 'div', key: 'n', by: '-1' })
  assert.deepEqual([reply.fields.status, reply.fields.value], ['ok', String(SMALLEST)])
  assert.equal((await ask(client, { cmd: 'exists', key: 'n' })).fields.status, 'ok')
  client.close()
})

describe('F21: a counter in bitmap mode', () => {
  const open = () => openTestCache({ items: '10', bitmap: '1', blocksize: '8', blocks: '40' })

  test('counts from what it was, and not from what lay in its blocks', () => {
    const cache = open()
    const counts = [1, 2, 3, 4].map(() => cache.increment('n', 5))
    assert.deepEqual(counts, [5, 10, 15, 20])
    cache.set('text', Buffer.from('some text of many blocks'))
    cache.delete('text')
    assert.equal(cache.increment('n'), 21)
    assert.equal(cache.decrement('n', 2), 19)
    assert.equal(cache.multiply('n', 3), 57)
    assert.equal(cache.divide('n', 5), 11)
    assert.deepEqual(cache.verify().problems, [])
  })

  test('counts also where no block is free', () => {
    const cache = open()
    cache.increment('n', 7)
    assert.equal(cache.set('rest', Buffer.alloc(39 * 8, 'x')), true)
    assert.equal(cache.stats().freeBlocks, 0)
    assert.equal(cache.increment('n', 7), 14)
    assert.deepEqual(cache.verify().problems, [])
  })
})

describe('F66: arithmetic is documented', () => {
  const functions = ['cache_inc', 'cache_dec', 'cache_mul', 'cache_div', 'cache_num', 'cache_keys']

  for (const page of ['docs/guide/coming-from-uwsgi.md', 'docs/reference/api.md']) {
    test(`in ${page}, every function of it`, () => {
      const text = readText(page)
      const untold = functions.filter(name => !new RegExp(`\\b${name}\\b`).test(text))
      assert.deepEqual(untold, [])
    })
  }

  test('and on the wire', () => {
    const text = readText('docs/reference/wire-extension.md')
    for (const command of ['inc', 'dec', 'mul', 'div']) assert.ok(text.includes(`\`${command}\``))
  })
})
