/**
 * nginx in front of a master with workers: caches and application at one address, also while the
 * workers are replaced.
 */

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { cacheThenApp, type Nginx, startNginx } from '../../testing/peers/nginx.ts'
import { requirePeer } from '../../testing/peers/peers.ts'
import { type Runner, startServe } from '../../testing/runner-process.ts'
import { memoryDir, tempDir } from '../../testing/temp-dir.ts'
import { Load } from '../runner/load.ts'

const APP = fileURLToPath(new URL('./nginx-app.js', import.meta.url))

/** Undefined: the test was skipped. */
async function serve(t: TestContext): Promise<{ nginx: Nginx; runner: Runner } | undefined> {
  const command = requirePeer(t, 'nginx')
  if (command === undefined) return undefined
  const socketPath = join(tempDir(t), 'app.sock')
  const directory = memoryDir(t)
  const runner = await startServe(
    t,
    [
      ...['--module', APP, '--processes', '2', '--socket', socketPath, '--buffer-size', '32768'],
      ...['--cache2', 'name=pages,items=100,blocksize=1024', '--directory', directory],
    ],
    { env: { TEST_CACHES: directory } },
  )
  const nginx = await startNginx(t, command, cacheThenApp(`unix:${socketPath}`))
  return { nginx, runner }
}

test('a page comes from the application once, and then from the cache of all workers', async t => {
  const served = await serve(t)
  if (served === undefined) return
  const { nginx } = served
  const first = await nginx.ask('/kept?a')
  assert.deepEqual([first.status, first.body], [200, 'page 1'])
  for (let i = 0; i < 5; i++) assert.equal((await nginx.ask('/kept?a')).body, 'page 1')
  assert.equal((await nginx.ask('/nowhere')).status, 404)
})

test('a reload fails no request that comes through nginx', async t => {
  const served = await serve(t)
  if (served === undefined) return
  const { nginx, runner } = served
  const load = new Load(t, { socketPath: nginx.socketPath }, '/aborts', 4)
  for (let i = 0; i < 2; i++) {
    runner.signal('SIGHUP')
    for (let id = 1; id <= 2; id++) await runner.waitForLine(/^worker \d \(pid: \d+\) done$/)
  }
  const { answers, failures } = await load.stop()
  assert.deepEqual(failures, [])
  assert.ok(answers > 10)
})
