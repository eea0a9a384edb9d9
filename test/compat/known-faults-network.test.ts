/**
 * Faults of uWSGI's network commands and of its locks, and what happens here instead.
 */

import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { type ServeOptions, serveCaches } from '../../src/server/index.ts'
import { Child } from '../../testing/child.ts'
import { until, within } from '../../testing/deadline.ts'
import { readDump } from '../../testing/dumps.ts'
import type { FailingTask, FailurePoint } from '../../testing/failing-child.ts'
import { ask, magic } from '../../testing/magic.ts'
import { openTestCache } from '../../testing/open-test-cache.ts'
import { isStopped } from '../../testing/process-state.ts'
import { exchange, RawClient } from '../../testing/raw-client.ts'
import { onEnd, type Scope } from '../../testing/scope.ts'
import { CacheProcess, openHere, ownCache } from '../processes/cache-process.ts'

/** Opens caches of these sizes, named a, b and so on, and starts a server for them. */
async function serve(t: Scope, ...items: number[]) {
  const names = ['a', 'b', 'c']
  const caches = items.map((count, i) =>
    openTestCache({ name: names[i] ?? '', items: String(count), blocksize: '70000' }),
  )
  const options: ServeOptions = { listen: '127.0.0.1:0' }
  const server = await serveCaches(caches, options)
  onEnd(t, () => server.close())
  const address = server.addresses[0] ?? ''
  const send = async (hex: string) => {
    return (await exchange(address, Buffer.from(hex.replaceAll(' ', ''), 'hex'))).toString('hex')
  }
  return { caches, cache: caches[0], address, send }
}

test('F1: a raw get is answered with a header that says how long the value is', async t => {
  const { cache, send } = await serve(t, 10)
  cache.set('foo', Buffer.from('bar'))
  assert.equal(await send('6f030000 666f6f'), '6f030000626172')
  assert.equal(await send('6f030000 6e6f6f'), '')
})

test('F2: a streamed get says in its header whether there is a value', async t => {
  const { cache, send } = await serve(t, 10)
  cache.set('foo', Buffer.alloc(66_000, 'x'))
  assert.equal(await send('6f030005 666f6f'), `6f000001${'78'.repeat(66_000)}`)
  assert.equal(await send('6f030005 6e6f6f'), '6f000000')
})

test('F3: commands 3 and 4 find the key that they are given', async t => {
  const { cache, send } = await serve(t, 10)
  cache.set('foo', Buffer.from('bar'))
  for (const modifier2 of ['03', '04']) {
    assert.equal(await send(`6f0a00${modifier2} 0300 6b6579 0300 666f6f`), '626172')
    assert.equal(await send(`6f0a00${modifier2} 0300 676574 0300 666f6f`), '626172')
  }
})

test('F4: a clear over the network clears the cache it names, all of it, and no other', async t => {
  for (const [first, second] of [
    [3, 30],
    [30, 3],
  ] as const) {
    const { caches, address } = await serve(t, first, second)
    const client = await RawClient.connect(address)
    for (const cache of caches) {
      for (let i = 0; i < cache.stats().maxItems; i++) cache.set(`k${i}`, Buffer.from('v'))
    }
    assert.equal((await ask(client, { cmd: 'clear', cache: 'b' })).fields.status, 'ok')
    assert.deepEqual(
      caches.map(cache => cache.stats().items),
      [first - 1, 0],
    )
    client.close()
  }
})

/** The key of each operation. */
const KEYS: Readonly<Record<FailurePoint['in'], string>> = {
  ...{ get: 'k', set: 'k', delete: 'k', touch: 'k' },
  ...{ add: 'third', increment: 'n', order: 'k' },
}

/** A cache with an item and a counter, a process that uses it, and one that will be killed. */
async function prepareDeath(t: TestContext) {
  const options = ownCache(t, { maxItems: 3, bitmap: false, eviction: 'clear' })
  const cache = openHere(t, options)
  cache.set('k', 'value')
  cache.set('n', 1)
  const survivor = await CacheProcess.start(t, options)
  const script = new URL('../../testing/failing-child.js', import.meta.url)
  const victim = await Child.start<FailingTask, string>(t, script)
  const begin = (signal: FailingTask['signal'], point: FailurePoint) => {
    const { name, directory } = options
    victim.send({ name, directory, key: KEYS[point.in], signal, point })
  }
  return { cache, survivor, victim, begin }
}

describe('F5: after a process that died while it wrote, others read and write at once', () => {
  const points: readonly FailurePoint[] = [
    { in: 'set', value: 'another value' },
    { in: 'add', afterStores: 1 },
    { in: 'delete', afterStores: 1 },
    { in: 'increment', afterStores: 1 },
    { in: 'touch', afterStores: 1 },
  ]
  for (const point of points) {
    test(`in the middle of ${point.in}`, async t => {
      const { cache, survivor, victim, begin } = await prepareDeath(t)
      begin('SIGKILL', point)
      await within('it to die', victim.exit)
      assert.notEqual(await survivor.call('get', 'k'), 'another value')
      for (const key of ['k', 'l', 'm', 'n']) assert.equal(await survivor.call('set', key, 1), true)
      assert.equal(await survivor.call('get', 'n'), 1)
      assert.equal(cache.stats().takeovers, 1)
    })
  }
})

test('F6: a process that died while it read keeps nobody from writing', async t => {
  const { cache, survivor, victim, begin } = await prepareDeath(t)
  begin('SIGSTOP', { in: 'get' })
  await until('it is stopped inside the get', () => isStopped(victim.pid))
  assert.equal(await survivor.call('get', 'k'), 'value', 'another reader comes after it')
  assert.equal(await survivor.call('set', 'k', 'while it reads'), true)
  await victim.kill('SIGKILL')
  assert.equal(await survivor.call('set', 'k', 'after it died'), true)
  assert.equal(cache.get('k'), 'after it died')
  assert.equal(cache.stats().takeovers, 0, 'there was no lock to take over')
})

describe('F54: who reaches the socket', () => {
  test('is on this machine unless the server is told otherwise', async () => {
    const cache = openTestCache({ name: 'a' })
    for (const listen of ['0.0.0.0:0', '[::]:0', ':0']) {
      await assert.rejects(serveCaches([cache], { listen }), {
        code: 'UNDERCROFT_OPTION_INVALID',
        message: /allowPublic/,
      })
    }
    await using server = await serveCaches([cache], { listen: '127.0.0.1:0' })
    assert.match(server.addresses[0] ?? '', /^127\.0\.0\.1:/)
  })

  test('can be allowed to read alone', async () => {
    const cache = openTestCache({ name: 'a' })
    cache.set('k', Buffer.from('v'))
    const listen = [{ address: '127.0.0.1:0', readOnly: true }]
    await using server = await serveCaches([cache], { listen })
    const address = server.addresses[0] ?? ''
    for (const cmd of ['clear', 'del', 'update', 'inc']) {
      await exchange(address, magic({ cmd, key: 'k', size: '1' }, 'x'))
    }
    await exchange(address, Buffer.from('6f0100026b', 'hex'))
    assert.deepEqual(cache.getItem('k')?.bytes, Buffer.from('v'))
  })

  test('gets no byte of a deleted item in a dump', async () => {
    const cache = openTestCache({ name: 'a', items: '10', keysize: '64', blocksize: '256' })
    cache.set('secret-key', Buffer.from('secret value'))
    cache.set('k', Buffer.from('v'))
    cache.delete('secret-key')
    await using server = await serveCaches([cache], { listen: '127.0.0.1:0' })
    const reply = await exchange(server.addresses[0] ?? '', Buffer.from('6f000006', 'hex'))
    const dump = readDump(reply, { items: 10, keySize: 64, blockSize: 256, blocks: 10 })
    assert.deepEqual([...dump.items.keys()], [Buffer.from('k').toString('hex')])
    assert.equal(dump.strayCount, 0)
    assert.equal(reply.includes('secret'), false)
  })
})

test('F58: a number that is none is a refusal, and nothing is stored', async t => {
  const { cache, address } = await serve(t, 10)
  for (const number of ['abc', '1.5', '-1', '', '1e3', ' 1', '99999999999999999999']) {
    assert.equal(
      (await exchange(address, magic({ cmd: 'set', key: 'k', size: number }, 'v'))).length,
      0,
    )
    // A negative time is over already, as uWSGI's own client means it.
    if (number === '-1') continue
    const expires = { cmd: 'update', key: 'k', size: '1', expires: number }
    assert.equal((await exchange(address, magic(expires, 'v'))).length, 0, number)
    const client = await RawClient.connect(address)
    const { fields } = await ask(client, { cmd: 'update', key: 'k', expires: number }, 'v')
    assert.deepEqual([fields.status, fields.reason], ['refused', 'bad-request'], number)
    client.close()
  }
  assert.equal(cache.stats().items, 0)
})

test('F67: a raw get of a value that its header cannot describe is a miss', async t => {
  const { cache, send } = await serve(t, 10)
  cache.set('k', Buffer.alloc(65_535, 'x'))
  assert.equal((await send('6f010000 6b')).length, 2 * (4 + 65_535))
  cache.set('k', Buffer.alloc(65_536, 'x'))
  assert.equal(await send('6f010000 6b'), '')
})
