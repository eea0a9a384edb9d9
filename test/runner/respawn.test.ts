/**
 * Workers that die, and workers that take too long: the others continue, and a new one starts.
 */

import assert from 'node:assert/strict'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import {
  earlyDeathCount,
  look,
  respawnDelayMs,
  type Watch,
} from '../../src/runner/workers/supervision.ts'
import {
  type Runner,
  startRunner,
  startServe,
  untilAnswer,
  untilGone,
} from '../../testing/runner-process.ts'
import { tempDir } from '../../testing/temp-dir.ts'
import { Load } from './load.ts'

/** The process that came in the place of another. */
async function newPid(runner: Runner): Promise<number> {
  const [, pid] = await runner.waitForLine(/^Respawned undercroft worker \d+ \(new pid: (\d+)\)$/)
  return Number(pid)
}

describe('a worker that dies', () => {
  test('by an error of the application is replaced, and said so', async t => {
    const runner = await startRunner(t, ['--processes', '2'])
    const { pid, outcome } = await runner.begin('/crash')
    assert.equal(await outcome, 'ECONNRESET')
    await runner.waitForLine(
      new RegExp(`^DAMN ! worker \\d \\(pid: ${pid}\\) died \\(exit code 1\\)`),
    )
    const successor = await newPid(runner)
    assert.ok(!runner.workers.includes(successor))
    await untilAnswer(runner, '/pid', body => body === String(successor))
    assert.match(runner.service.output(), /the application crashed/)
  })

  test('does not die by a listener that throws: 500 for that request, and a stack', async t => {
    const runner = await startRunner(t, [])
    assert.equal((await runner.get('/throw')).status, 500)
    await runner.waitForLine(/Error: thrown by the application\n +at /)
    assert.equal(Number((await runner.get('/pid')).body), runner.workers[0])
  })

  test('does not die by a rejection that nothing handles, unless asked to', async t => {
    const runner = await startRunner(t, [])
    await runner.get('/reject')
    await runner.waitForLine(/nothing handles it.*Error: rejected by the application\n +at /)
    assert.equal(Number((await runner.get('/pid')).body), runner.workers[0])
    const strict = await startRunner(t, ['--unhandled-rejections', 'end'])
    await strict.get('/reject')
    await strict.waitForLine(/^DAMN ! worker 1/)
  })

  test('leaves no request refused, even if it was the only one', async t => {
    const runner = await startRunner(t, [])
    const [pid = 0] = runner.workers
    process.kill(pid, 'SIGKILL')
    await untilGone([pid])
    const { status, body } = await runner.get('/pid')
    assert.equal(status, 200)
    assert.notEqual(body, String(pid))
    assert.match(
      runner.service.output(),
      /DAMN ! worker 1 \(pid: \d+\) died, killed by SIGKILL :\(/,
    )
  })

  test('keeps what the caches hold', async t => {
    const runner = await startRunner(t, [])
    await runner.get('/set?key=k&value=kept')
    await runner.begin('/crash').then(({ outcome }) => outcome)
    assert.equal((await runner.get('/get?key=k')).body, 'kept')
  })

  test('again and again is waited for, longer each time, and comes back when it can', async t => {
    const directory = tempDir(t)
    const marker = join(directory, 'broken')
    const source = `
      import { existsSync } from 'node:fs'
      if (existsSync(${JSON.stringify(marker)})) throw new Error('broken for now')
      export default (request, response) => response.end(String(process.pid))
    `
    writeFileSync(join(directory, 'app.mjs'), source)
    const module = ['--module', join(directory, 'app.mjs')]
    const runner = await startServe(t, [...module, '--http', '127.0.0.1:0'])
    writeFileSync(marker, '')
    process.kill(runner.workers[0] ?? 0, 'SIGKILL')
    for (const delay of ['0.1', '0.2', '0.4']) {
      await runner.waitForLine(/broken for now/)
      await runner.waitForLine(new RegExp(`^trying respawn of worker 1 in ${delay} seconds`))
    }
    rmSync(marker)
    assert.equal((await runner.get('/')).status, 200)
  })

  test('gets a successor at once, then after waits that double up to ten seconds', () => {
    assert.deepEqual(
      [1, 2, 3, 4, 8, 9, 50].map(respawnDelayMs),
      [0, 100, 200, 400, 6_400, 10_000, 10_000],
    )
    assert.equal(earlyDeathCount(3, undefined), 4)
    assert.equal(earlyDeathCount(3, 4_999), 4)
    assert.equal(earlyDeathCount(3, 5_000), 0)
  })
})

describe('harakiri', () => {
  test('kills a worker whose event loop is stuck in a request, and only that one', async t => {
    const runner = await startRunner(t, ['--processes', '2', '--harakiri', '1'])
    const stuck = await runner.begin('/loop')
    assert.equal(await stuck.outcome, 'ECONNRESET')
    const line = await runner.waitForLine(
      /^\*\*\* HARAKIRI ON WORKER \d \(pid: (\d+), try: 1\) \*\*\*$/,
    )
    assert.equal(Number(line[1]), stuck.pid)
    await runner.waitForLine(
      new RegExp(`worker \\d \\(pid: ${stuck.pid}\\) died, killed by SIGKILL`),
    )
    const successor = await newPid(runner)
    const [other] = runner.workers.filter(pid => pid !== stuck.pid)
    await untilAnswer(runner, '/pid', body => body === String(successor))
    await untilAnswer(runner, '/pid', body => body === String(other))
  })

  test('ends a request that is only waited for, while all others are answered', async t => {
    const runner = await startRunner(t, ['--harakiri', '2'])
    const hanging = await runner.begin('/hang')
    const load = new Load(t, runner, '/pid?ms=200')
    assert.equal(await hanging.outcome, 'ECONNRESET')
    await runner.waitForLine(/^HARAKIRI: worker 1: GET \/hang ended after \d seconds$/)
    const successor = await newPid(runner)
    await runner.waitForLine(new RegExp(`^worker 1 \\(pid: ${hanging.pid}\\) done$`))
    const { failures, bodies } = await load.stop()
    assert.deepEqual(failures, [])
    assert.deepEqual(bodies, new Set([hanging.pid, successor].map(String)))
  })

  test('is decided by how long one request was seen, and by whether anything moves', () => {
    const idle = look(undefined, { oldest: 0, beats: 1 }, 0, 1_000)
    assert.equal(idle.verdict, 'fine')
    const steps: [number, number, number, string][] = [
      [7, 2, 1_000, 'fine'], // first seen
      [7, 3, 1_900, 'fine'],
      [7, 4, 2_000, 'late'],
      [7, 4, 2_500, 'stuck'],
      [8, 4, 3_000, 'fine'], // another request
      [0, 4, 9_000, 'fine'],
    ]
    let watch: Watch = idle.watch
    for (const [oldest, beats, nowMs, expected] of steps) {
      const next = look(watch, { oldest, beats }, nowMs, 1_000)
      assert.equal(next.verdict, expected, `${oldest} at ${nowMs}`)
      watch = next.watch
    }
  })
})
