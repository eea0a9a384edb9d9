/**
 * Statistics of a real uWSGI compared with ours: they have the same members in the same order, and
 * `top` reads both.
 */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readStats } from '../../src/cli/top/node-top.ts'
import { RemoteCache } from '../../src/client/index.ts'
import { serveStats } from '../../src/monitoring/index.ts'
import { openTestCache } from '../../testing/open-test-cache.ts'
import { requirePeer } from '../../testing/peers/peers.ts'
import { startUwsgiStats } from '../../testing/peers/uwsgi.ts'
import { exchange } from '../../testing/raw-client.ts'
import { onEnd } from '../../testing/scope.ts'
import { FakeMachine } from '../cli/fake-environment.ts'

const CACHES = ['name=main,items=5,purge_lru=1', 'name=blocks,items=20,bitmap=1,blocks=40']

describe('statistics', () => {
  test('have the members of a real uWSGI in its order, and ours behind them', async t => {
    const command = requirePeer(t, 'uwsgi')
    if (command === undefined) return
    const { statsPort, port } = await startUwsgiStats(t, command, CACHES)
    const caches = [
      openTestCache({ name: 'main', items: '5', purge_lru: '1' }),
      openTestCache({ name: 'blocks', items: '20', bitmap: '1', blocks: '40' }),
    ]
    const stats = await serveStats(caches, {
      address: '127.0.0.1:0',
      uwsgiItemCount: true,
      sockets: [`127.0.0.1:${port}`],
    })
    onEnd(t, () => stats.close())
    const theirs = JSON.parse((await exchange(`127.0.0.1:${statsPort}`, NOTHING)).toString())
    const { undercroft, ...ours } = JSON.parse((await exchange(stats.address, NOTHING)).toString())
    assert.deepEqual(shapeOf(ours), shapeOf(theirs))
    assert.equal(undercroft.caches.length, 2)
    for (const member of ['max_items', 'blocks', 'items', 'hits', 'miss', 'full']) {
      const read = (cache: Record<string, unknown>) => cache[member]
      assert.deepEqual(ours.caches.map(read), theirs.caches.map(read), member)
    }
  })

  test('of a real uWSGI are what top shows', async t => {
    const command = requirePeer(t, 'uwsgi')
    if (command === undefined) return
    const { statsPort, port } = await startUwsgiStats(t, command, CACHES)
    const cache = await RemoteCache.connect(`main@127.0.0.1:${port}`)
    onEnd(t, () => cache.close())
    for (let n = 0; n < 6; n++) await cache.set(`key ${n}`, 'value')
    const address = `127.0.0.1:${statsPort}`
    const machine = new FakeMachine()
    machine.statsAnswers = { [address]: await readStats(tcp(statsPort)) }
    const { code, out } = await machine.run('top', address, '--once')
    assert.equal(code, 0)
    assert.match(out, /^main +4\/5 +######?\.* +/m)
    assert.match(out, /^blocks +0\/20 /m)
  })
})

const NOTHING = Buffer.alloc(0)

function tcp(port: number) {
  return { kind: 'tcp', host: '127.0.0.1', port } as const
}

/** Names and kinds of values, all the way down. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shapeOf)
  if (typeof value !== 'object' || value === null) return typeof value
  return Object.entries(value).map(([name, member]) => [name, shapeOf(member)])
}
