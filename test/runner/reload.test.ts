/**
 * New workers replace the old ones one after the other, and no client notices.
 */

import assert from 'node:assert/strict'
import { utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { RemoteCache } from '../../src/client/index.ts'
import { until } from '../../testing/deadline.ts'
import { RawClient } from '../../testing/raw-client.ts'
import {
  type Runner,
  startRunner,
  startServe,
  untilGone,
  uwsgiPort,
} from '../../testing/runner-process.ts'
import { tempDir } from '../../testing/temp-dir.ts'
import { CACHE_GET } from '../../testing/uwsgi-requests.ts'
import { Load } from './load.ts'

const SOAK_VARIABLE = 'UNDERCROFT_TEST_SOAK_SECONDS'

/** UNDERCROFT_TEST_SOAK_SECONDS asks for more. */
const SOAK_SECONDS = Number(process.env[SOAK_VARIABLE] ?? 5)

/** Resolves when all that a reload replaces is gone; the new process ids. */
async function reloaded(runner: Runner, workerCount: number): Promise<number[]> {
  const pids: number[] = []
  for (let i = 0; i < workerCount; i++) {
    const [, pid] = await runner.waitForLine(/^Respawned undercroft worker \d \(new pid: (\d+)\)$/)
    await runner.waitForLine(/^worker \d \(pid: \d+\) done$/)
    pids.push(Number(pid))
  }
  return pids
}

describe('a reload', () => {
  test('by SIGHUP replaces each worker, one at a time, and refuses no request', async t => {
    const runner = await startRunner(t, ['--processes', '2'])
    const load = new Load(t, runner, '/pid')
    await until('answers', () => load.answers > 100)
    runner.signal('SIGHUP')
    const pids = await reloaded(runner, 2)
    const { failures, bodies } = await load.stop()
    assert.deepEqual(failures, [])
    await untilGone(runner.workers)
    const all = new Set([...runner.workers, ...pids].map(String))
    for (const body of bodies) assert.ok(all.has(body), body)
    assert.ok(pids.some(pid => bodies.has(String(pid))))
    const order = [
      ...runner.service.output().matchAll(/^(Respawned|worker \d \(pid: \d+\) done)/gm),
    ]
    assert.deepEqual(
      order.map(match => match[0].slice(0, 6)),
      ['Respaw', 'worker', 'Respaw', 'worker'],
    )
  })

  test('lets the old worker finish a slow request, while the new one serves', async t => {
    const runner = await startRunner(t, [])
    const slow = await runner.begin('/slow?ms=1500')
    runner.signal('SIGHUP')
    const [, successor] = await runner.waitForLine(/\(new pid: (\d+)\)/)
    assert.equal((await runner.get('/pid')).body, successor)
    assert.equal(await slow.outcome, `slow ${slow.pid}`)
    await untilGone([slow.pid])
  })

  test('brings the application as it is now, and keeps what the caches hold', async t => {
    const directory = tempDir(t)
    const path = join(directory, 'app.mjs')
    const write = (text: string) => writeFileSync(path, `export default (q, r) => r.end('${text}')`)
    write('old')
    const runner = await startServe(t, ['--module', path, '--http', '127.0.0.1:0'])
    assert.equal((await runner.get('/')).body, 'old')
    write('new')
    runner.signal('SIGHUP')
    await reloaded(runner, 1)
    assert.equal((await runner.get('/')).body, 'new')
  })

  test('to an application that does not load leaves the old workers, and says why', async t => {
    const path = join(tempDir(t), 'app.mjs')
    writeFileSync(path, 'export default (q, r) => r.end("fine")')
    const runner = await startServe(t, [
      ...['--module', path, '--http', '127.0.0.1:0', '--processes', '2'],
    ])
    writeFileSync(path, 'throw new Error("a mistake in the new version")')
    runner.signal('SIGHUP')
    await runner.waitForLine(
      /^worker 1: the new process failed: cannot import .*: a mistake in the new version$/,
    )
    await runner.waitForLine(/^\.\.\.reload given up; the present workers continue$/)
    for (let i = 0; i < 4; i++) assert.equal((await runner.get('/')).body, 'fine')
    writeFileSync(path, 'export default (q, r) => r.end("mended")')
    runner.signal('SIGHUP')
    await reloaded(runner, 2)
    assert.equal((await runner.get('/')).body, 'mended')
  })

  test('by touch-reload comes when the file is touched, or is there at last', async t => {
    const path = join(tempDir(t), 'reload')
    const runner = await startRunner(t, ['--touch-reload', path])
    writeFileSync(path, '')
    await runner.waitForLine(/^\*\*\* .*reload has been touched/)
    const [pid = 0] = await reloaded(runner, 1)
    assert.equal((await runner.get('/pid')).body, String(pid))
    utimesSync(path, 1, 1)
    await reloaded(runner, 1)
    assert.notEqual((await runner.get('/pid')).body, String(pid))
  })

  test('refuses no command to the caches, on kept connections and on new ones', async t => {
    const runner = await startRunner(t, ['--processes', '2', '--socket', '127.0.0.1:0'])
    const address = `127.0.0.1:${uwsgiPort(runner)}`
    await using remote = await RemoteCache.connect(`first@${address}`)
    await remote.set('foo', 'there')
    let isOver = false
    const count = async (key: string) => {
      await using kept = await RemoteCache.connect(`first@${address}`)
      let counted = 0
      for (; !isOver; counted++) await kept.increment(key)
      return counted
    }
    const ask = async () => {
      while (!isOver) {
        const client = await RawClient.connect(address)
        assert.match(String(await client.send(CACHE_GET).untilClosed()), /there/)
      }
    }
    const counting = Promise.all(['a', 'b', 'c'].map(count))
    const asking = Promise.all([ask(), ask(), ask()])
    runner.signal('SIGHUP')
    await reloaded(runner, 2)
    isOver = true
    await asking
    const counts = await counting
    assert.deepEqual(counts, [await remote.get('a'), await remote.get('b'), await remote.get('c')])
  })

  test(`every second, for ${SOAK_SECONDS} seconds, under load fails no request`, async t => {
    const runner = await startRunner(t, ['--processes', '2'])
    const load = new Load(t, runner, '/pid', 16)
    const reloading = setInterval(() => runner.signal('SIGHUP'), 1_000)
    t.after(() => clearInterval(reloading))
    const [, end] = [performance.now(), performance.now() + SOAK_SECONDS * 1_000]
    await until('the time is over', () => performance.now() >= end, (SOAK_SECONDS + 20) * 1_000)
    clearInterval(reloading)
    // On a loaded machine one reload takes longer than the time between two.
    await reloaded(runner, 2)
    const { failures, answers, bodies } = await load.stop()
    assert.deepEqual(failures, [])
    assert.ok(bodies.size > 2, `only ${bodies.size} processes answered`)
    t.diagnostic(`${answers} answers from ${bodies.size} processes, none failed`)
  })
})

describe('max-requests', () => {
  test('replaces a worker that has had so many, under load, without a failure', async t => {
    const runner = await startRunner(t, ['--processes', '2', '--max-requests', '50'])
    const load = new Load(t, runner, '/pid', 4)
    await runner.waitForLine(/^\.\.\.The work of process \d+ is done\. Seeya!$/)
    await reloaded(runner, 2)
    const { failures, bodies } = await load.stop()
    assert.deepEqual(failures, [])
    assert.ok(bodies.size > 2, `only ${bodies.size} processes answered`)
  })
})
