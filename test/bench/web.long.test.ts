import assert from 'node:assert/strict'
import { test } from 'node:test'
import { measureWeb } from '../../bench/web/web.ts'
import { SERVER_NAMES } from '../../bench/web/web-servers.ts'
import { locatePeer, requirePeer } from '../../testing/peers/peers.ts'

test('the web benchmark measures every server in each round', async t => {
  const peers = ['wrk', 'uwsgi', 'nginx'] as const
  if (peers.map(name => requirePeer(t, name)).includes(undefined)) return
  const options = { rounds: 1, seconds: 1, bodySize: 100, varies: true, names: SERVER_NAMES }
  const samples = await measureWeb(t, options)
  const hasVarnish = locatePeer('varnish').command !== undefined
  const names = SERVER_NAMES.filter(name => name !== 'varnish' || hasVarnish)
  assert.deepEqual([...samples.keys()], names)
  for (const [name, [sample, ...more]] of samples) {
    assert.deepEqual(more, [], name)
    assert.ok(sample !== undefined && sample.perSecond > 0 && sample.cpuUs > 0, name)
  }
})
