/**
 * Inspections: commands that read a whole cache. Only clients on this machine may ask for them
 * unless a listener says otherwise, and they take turns.
 */

import assert from 'node:assert/strict'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { RemoteCache } from '../../src/client/index.ts'
import { type ListenerOptions, serveCaches } from '../../src/server/index.ts'
import { ask } from '../../testing/magic.ts'
import { openTestCache } from '../../testing/open-test-cache.ts'
import { exchange, RawClient } from '../../testing/raw-client.ts'
import { onEnd, type Scope } from '../../testing/scope.ts'
import { tempDir } from '../../testing/temp-dir.ts'

const DUMP_REQUEST = Buffer.from('6f000006', 'hex')

/** An address of this machine that is not a loopback address, if there is one. */
const outside = Object.values(networkInterfaces())
  .flatMap(addresses => addresses ?? [])
  .find(({ family, internal }) => family === 'IPv4' && !internal)?.address

async function serve(t: Scope, options: Partial<ListenerOptions> = {}) {
  const cache = openTestCache({ name: 'first', items: '100' })
  cache.set('foo', Buffer.from('bar'))
  const server = await serveCaches([cache], { listen: { address: '127.0.0.1:0', ...options } })
  onEnd(t, () => server.close())
  return { cache, address: server.addresses[0] ?? '' }
}

async function reasonsAt(address: string): Promise<(string | undefined)[]> {
  const client = await RawClient.connect(address)
  const reasons: (string | undefined)[] = []
  for (const cmd of ['keys', 'verify', 'segment', 'get']) {
    const { fields } = await ask(client, { cmd, key: 'foo' })
    reasons.push(fields.status === 'ok' ? 'ok' : fields.reason)
  }
  client.close()
  return reasons
}

describe('an inspection', () => {
  test('is open to clients on loopback and on a Unix socket', async t => {
    const path = join(tempDir(t), 's.sock')
    for (const options of [{}, { address: path }]) {
      const { address } = await serve(t, options)
      assert.deepEqual(await reasonsAt(address), ['ok', 'ok', 'ok', 'ok'])
      assert.ok((await exchange(address, DUMP_REQUEST)).length > 4)
    }
  })

  test('is refused to clients of other addresses unless inspect allows it', async t => {
    if (outside === undefined) return t.skip('there is no other address')
    const there = { address: `${outside}:0`, allowPublic: true }
    const closed = await serve(t, there)
    assert.deepEqual(await reasonsAt(closed.address), ['inspect', 'inspect', 'inspect', 'ok'])
    assert.equal((await exchange(closed.address, DUMP_REQUEST)).length, 0)
    const open = await serve(t, { ...there, inspect: true })
    assert.deepEqual(await reasonsAt(open.address), ['ok', 'ok', 'ok', 'ok'])
    assert.ok((await exchange(open.address, DUMP_REQUEST)).length > 4)
  })

  test('is refused to everybody with inspect: false, and the client says what to do', async t => {
    const { address } = await serve(t, { inspect: false })
    assert.deepEqual(await reasonsAt(address), ['inspect', 'inspect', 'inspect', 'ok'])
    assert.equal((await exchange(address, DUMP_REQUEST)).length, 0)
    await using remote = new RemoteCache(`@${address}`)
    await assert.rejects(remote.verify(), { message: /set inspect for this address/ })
  })

  test('leaves the cache to writers for as long as it took', async t => {
    const { cache, address } = await serve(t)
    let busyUntilMs = 0
    const gaps: number[] = []
    const verify = cache.verify.bind(cache)
    cache.verify = () => {
      if (busyUntilMs > 0) gaps.push(performance.now() - busyUntilMs)
      const end = performance.now() + 20
      while (performance.now() < end);
      busyUntilMs = performance.now()
      return verify()
    }
    const clients = Array.from({ length: 4 }, () => new RemoteCache(`@${address}`))
    const reports = await Promise.all(clients.map(client => client.verify()))
    assert.deepEqual(new Set(reports.map(({ ok }) => ok)), new Set([true]))
    assert.equal(gaps.length, 3)
    assert.ok(Math.min(...gaps) >= 15, gaps.join(' '))
    await Promise.all(clients.map(client => client.close()))
  })

  test('does not hold up the requests after it on its connection', async t => {
    const { address } = await serve(t)
    await using remote = new RemoteCache<Uint8Array>(`@${address}`)
    await remote.get('foo')
    const [report, value, page] = await Promise.all([
      remote.verify(),
      remote.get('foo'),
      remote.keyPage(0, 10),
    ])
    assert.equal(report.ok, true)
    assert.equal(String(value), 'bar')
    assert.deepEqual(page.keys.map(String), ['foo'])
  })

  test('is an option with three values', async () => {
    for (const inspect of ['all', 1, null]) {
      const listen = { address: '127.0.0.1:0', inspect: inspect as unknown as true }
      await assert.rejects(serveCaches([openTestCache({ name: 'x', items: '4' })], { listen }), {
        code: 'UNDERCROFT_OPTION_INVALID',
        message: /inspect must be 'local', true or false/,
      })
    }
  })
})
