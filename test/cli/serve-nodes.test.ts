/**
 * `serve` with node, udp and sync, as separate programs.
 */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { RemoteCache } from '../../src/client/index.ts'
import { until } from '../../testing/deadline.ts'
import type { Scope } from '../../testing/scope.ts'
import { startService } from '../../testing/service.ts'
import { memoryDir } from '../../testing/temp-dir.ts'
import { freeUdpPort } from '../../testing/udp-peer.ts'

const MAIN = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url))

test('two servers fill and tell each other, and say so in the words of uWSGI', async t => {
  const port = await freeUdpPort()
  const first = await serve(t, `udp=127.0.0.1:${port}`)
  await using one = await RemoteCache.connect(`a@${first.address}`)
  await one.set('before', 'value')
  const second = await serve(t, `node=127.0.0.1:${port},sync=${first.address}`)
  await using two = await RemoteCache.connect(`a@${second.address}`)
  assert.equal(String(await two.get('before')), 'value')
  await two.set('after', 'value')
  await until('the change came', async () => (await one.get('after')) !== undefined)
  assert.match(first.output(), new RegExp(`udp server for cache "a" running on 127.0.0.1:${port} `))
  assert.match(second.output(), /\[uwsgi-cache\] restored 1 items/)
  assert.match(second.output(), /added udp node 127\.0\.0\.1:\d+ for cache "a"/)
})

test('F63: serve refuses an address without a port', async t => {
  const args = ['--cache', '10', '--cache-udp-server', '127.0.0.1', '--directory', memoryDir(t)]
  const service = await startService(t, process.execPath, [MAIN, 'serve', ...args])
  assert.equal(await service.exit(), 2)
  assert.match(service.output(), /host:port/)
})

async function serve(t: Scope, nodes: string) {
  const cache2 = `name=a,items=10,blocksize=256,keysize=64,${nodes}`
  const args = ['serve', '--cache2', cache2, '--socket', '127.0.0.1:0', '--directory', memoryDir(t)]
  const service = await startService(t, process.execPath, [MAIN, ...args])
  const address = await service.waitFor('to listen', output => {
    const isReady = output.includes('reach it')
    return isReady ? /bound to TCP address (\S+)/.exec(output)?.[1] : undefined
  })
  return { address, output: () => service.output() }
}
