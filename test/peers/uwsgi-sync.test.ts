/**
 * Real uWSGI as a node: datagrams both ways, and dumps both ways.
 */

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { receiveReplicas, replicate, syncFrom } from '../../src/replication/index.ts'
import { serveCaches } from '../../src/server/index.ts'
import { until } from '../../testing/deadline.ts'
import { openTestCache } from '../../testing/open-test-cache.ts'
import { requirePeer } from '../../testing/peers/peers.ts'
import { runPython, startUwsgi } from '../../testing/peers/uwsgi.ts'
import type { Scope } from '../../testing/scope.ts'
import { startService } from '../../testing/service.ts'
import { tempDir } from '../../testing/temp-dir.ts'
import { freeUdpPort } from '../../testing/udp-peer.ts'

const SIZES = { items: '20', keysize: '64', blocksize: '256' }
const SIZES_TEXT = 'items=20,keysize=64,blocksize=256'

describe('a real uWSGI and ours as UDP nodes', () => {
  test('what uWSGI sets, we have, with its expiry; what it deletes is gone', async t => {
    const command = requirePeer(t, 'uwsgi')
    if (command === undefined) return
    const cache = openTestCache({ name: 'a', ...SIZES })
    cache.set('gone', Buffer.from('here'))
    using receiver = await receiveReplicas(cache, { addresses: ['127.0.0.1:0'] })
    await runOwnCache(t, command, `name=a,${SIZES_TEXT},node=${receiver.addresses[0]}`, [
      "uwsgi.cache_set('ever', 'value')",
      "uwsgi.cache_set('hour', b'\\x00\\xff', 3600)",
      "uwsgi.cache_set('gone', 'there')",
      "uwsgi.cache_del('gone')",
    ])
    await until('all four came', () => receiver.counts.received === 4)
    assert.deepEqual({ ...receiver.counts }, { received: 4, applied: 4, refused: 0 })
    assert.equal(cache.getItem('ever')?.bytes.toString(), 'value')
    assert.deepEqual(cache.getItem('hour')?.bytes, Buffer.of(0, 255))
    const leftMs = cache.ttlMs('hour') ?? 0
    assert.ok(leftMs > 3_500_000 && leftMs <= 3_600_000, `${leftMs} ms left`)
    assert.equal(cache.has('gone'), false)
  })

  test('what we set, count and delete, uWSGI has', async t => {
    const command = requirePeer(t, 'uwsgi')
    if (command === undefined) return
    const port = await freeUdpPort()
    const args = [
      '--master',
      '--die-on-term',
      '--plugin',
      'cache',
      '--socket',
      '127.0.0.1:0',
      '--disable-logging',
    ]
    const cache2 = `name=a,${SIZES_TEXT},udp=127.0.0.1:${port}`
    const service = await startService(t, command, [...args, '--cache2', cache2])
    const tcp = await service.waitFor('to say its port', output => {
      const isReady = output.includes('udp server thread enabled')
      return isReady ? /TCP address 127\.0\.0\.1:(\d+)/.exec(output)?.[1] : undefined
    })
    const cache = openTestCache({ name: 'a', ...SIZES })
    using replication = await replicate(cache, { nodes: [`127.0.0.1:${port}`] })
    const shown = await untilShown(t, command, `a@127.0.0.1:${tcp}`, () => {
      cache.set('kept', Buffer.from('value'))
      cache.set('gone', Buffer.from('value'))
      cache.delete('gone')
      cache.delete('number')
      cache.count('number', 'inc', 5n)
      cache.count('number', 'inc', 5n)
    })
    assert.deepEqual(shown, ['value', null, '\n\0\0\0\0\0\0\0'])
    assert.equal(replication.counts.failed, 0)
  })
})

describe('a real uWSGI and ours give each other dumps', () => {
  for (const kind of ['', ',purge_lru=1', ',hash=murmur2']) {
    test(`uWSGI fills its cache from ours (${kind || 'plain'}), and finds every key`, async t => {
      const command = requirePeer(t, 'uwsgi')
      if (command === undefined) return
      const [, option = 'none', value = '1'] = /,(\w+)=(\w+)/.exec(kind) ?? []
      const cache = openTestCache({ name: 'a', ...SIZES, [option]: value })
      const lines: string[] = []
      for (let i = 0; i < 19; i++) {
        cache.set(`key-${i}`, Buffer.from(`value-${i}`), { ttlMs: i % 2 ? Infinity : 3_600_000 })
        lines.push(`show(uwsgi.cache_get('key-${i}') == b'value-${i}')`)
      }
      await using server = await serveCaches([cache], { listen: '127.0.0.1:0' })
      const definition = `name=a,${SIZES_TEXT}${kind},sync=${server.addresses[0]}`
      const shown = await runOwnCache(t, command, definition, [
        'show(len(uwsgi.cache_keys()))',
        ...lines,
        "show(uwsgi.cache_del('key-3'))",
        "show(uwsgi.cache_set('new', 'one'))",
        "show(uwsgi.cache_get('new'))",
      ])
      assert.deepEqual(shown, [19, ...lines.map(() => true), true, true, 'one'])
    })
  }

  test('we fill ours from uWSGI, with expiry, less what is expired', async t => {
    const command = requirePeer(t, 'uwsgi')
    if (command === undefined) return
    const server = await startUwsgi(t, command, [`name=a,${SIZES_TEXT}`])
    const address = `127.0.0.1:${server.port}`
    await runPython(t, command, [
      `uwsgi.cache_set('ever', 'value', 0, 'a@${address}')`,
      `uwsgi.cache_set('hour', b'\\x00\\xff', 3600, 'a@${address}')`,
    ])
    const cache = openTestCache({ name: 'a', ...SIZES })
    const outcome = await syncFrom(cache, [address])
    assert.deepEqual(outcome, { kind: 'synced', address, restored: 2, skipped: 0 })
    assert.equal(cache.getItem('ever')?.bytes.toString(), 'value')
    assert.deepEqual(cache.getItem('hour')?.bytes, Buffer.of(0, 255))
    assert.ok((cache.ttlMs('hour') ?? 0) > 3_500_000)
    assert.deepEqual(cache.verify().problems, [])
  })

  for (const keysize of ['32', '128']) {
    test(`F36: keys of ${keysize} here and 64 there are said to differ`, async t => {
      const command = requirePeer(t, 'uwsgi')
      if (command === undefined) return
      const server = await startUwsgi(t, command, [`name=a,${SIZES_TEXT}`])
      const address = `127.0.0.1:${server.port}`
      await runPython(t, command, [`uwsgi.cache_set('key', 'value', 0, 'a@${address}')`])
      const cache = openTestCache({ name: 'a', ...SIZES, keysize })
      const outcome = await syncFrom(cache, [address], { onLog() {} })
      const reason = `${address}: invalid cache key size, expected ${keysize} received 64`
      assert.deepEqual(outcome, { kind: 'failed', reasons: [reason] })
      assert.equal(cache.stats().items, 0)
    })
  }
})

/** As `runPython`, in a process that has a cache of its own. */
async function runOwnCache(
  t: Scope,
  command: string,
  cache2: string,
  lines: readonly string[],
): Promise<unknown> {
  const ini = join(tempDir(t), 'cache.ini')
  writeFileSync(ini, `[uwsgi]\ncache2 = ${cache2}\n`)
  return runPython(t, command, lines, ['--ini', ini])
}

/** A datagram may be lost and comes when it comes, so the changes are made until they are seen. */
async function untilShown(
  t: Scope,
  command: string,
  where: string,
  change: () => void,
): Promise<unknown> {
  const get = (key: string) => `show(uwsgi.cache_get('${key}', '${where}'))`
  return until('uWSGI has the changes', async () => {
    change()
    const shown = await runPython(t, command, ['kept', 'gone', 'number'].map(get))
    return shown[0] !== null && shown[2] !== null && shown
  })
}
