/**
 * Workers that are replaced because of their age or memory, that start and end with the load, and
 * commands to the master that are not signals.
 */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { appendFileSync, existsSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { promisify } from 'node:util'
import { CALM_CYCLES, type CheaperPlan, decideCount } from '../../src/runner/workers/cheaper.ts'
import { until } from '../../testing/deadline.ts'
import { MAIN, startRunner, untilGone } from '../../testing/runner-process.ts'
import { tempDir } from '../../testing/temp-dir.ts'
import { Load } from './load.ts'

const run = promisify(execFile)
const isLinux = process.platform === 'linux' ? false : 'the memory of a process is read from /proc'

describe('cheaper', () => {
  const PLAN: CheaperPlan = { minimum: 1, initial: 1, step: 2, busyPercent: 50, calmPercent: 25 }

  test('starts workers at once under load, a step at a time, up to processes', () => {
    assert.equal(decideCount(PLAN, [0.6], 8, 0).count, 3)
    assert.equal(decideCount(PLAN, [1, 1, 1], 4, 0).count, 4)
    assert.equal(decideCount(PLAN, [0.5, 0.5], 8, 0).count, 2)
  })

  test('ends one worker after a time of calm, down to the least number', () => {
    let calm = 0
    for (let cycle = 1; cycle < CALM_CYCLES; cycle++) {
      const { count, calmCycles } = decideCount(PLAN, [0, 0.1, 0], 8, calm)
      assert.equal(count, 3)
      calm = calmCycles
    }
    assert.deepEqual(decideCount(PLAN, [0, 0, 0], 8, calm), { count: 2, calmCycles: 0 })
    assert.equal(decideCount(PLAN, [0], 8, CALM_CYCLES).count, 1)
    assert.equal(decideCount(PLAN, [0.3, 0.3], 8, CALM_CYCLES).calmCycles, 0)
  })

  test('follows the load of a running instance', async t => {
    const runner = await startRunner(t, [
      ...['--processes', '2', '--cheaper', '1', '--disable-logging'],
      ...['--cheaper-busyness-max', '20', '--cheaper-busyness-min', '10'],
    ])
    assert.equal(runner.workers.length, 1)
    const load = new Load(t, runner, '/pid')
    const [, second] = await runner.waitForLine(
      /^Respawned undercroft worker 2 \(new pid: (\d+)\)$/,
    )
    await until('the second worker answers', async () => {
      const { body } = await runner.get('/pid')
      return body === second
    })
    const { failures } = await load.stop()
    assert.deepEqual(failures, [])
    await runner.waitForLine(/^worker 2 cheaped$/)
    await untilGone([Number(second)])
    assert.equal((await runner.get('/pid')).body, String(runner.workers[0]))
  })

  test('is refused unless it is lower than processes', async t => {
    const args = [MAIN, 'serve', '--http', '127.0.0.1:0', '--processes', '2', '--cheaper', '2']
    await assert.rejects(run(process.execPath, args, { cwd: tempDir(t) }), {
      code: 2,
      stderr: /cheaper \(2\) must be lower than processes \(2\)/,
    })
  })
})

describe('a worker', () => {
  test('beyond reload-on-rss is replaced once its requests are answered', {
    skip: isLinux,
  }, async t => {
    const runner = await startRunner(t, ['--reload-on-rss', '400'])
    const slow = await runner.begin('/slow?ms=2000')
    await runner.get('/grow?mib=400')
    const [, pid] = await runner.waitForLine(
      /^\.\.\.The work of process (\d+) is done \(rss: \d+\)/,
    )
    assert.equal(pid, String(runner.workers[0]))
    assert.equal(await slow.outcome, `slow ${pid}`)
    await runner.waitForLine(/^worker 1 \(pid: \d+\) done$/)
    assert.notEqual((await runner.get('/pid')).body, pid)
  })

  test('beyond evil-reload-on-rss is killed', { skip: isLinux }, async t => {
    const runner = await startRunner(t, ['--evil-reload-on-rss', '400'])
    await runner.get('/grow?mib=400').catch(() => {}) // the kill may come before the answer
    await runner.waitForLine(/^\*\*\* EVIL RELOAD ON WORKER 1 RSS: \d+ \(pid: \d+\) \*\*\*$/)
    await runner.waitForLine(/^DAMN ! worker 1 \(pid: \d+\) died, killed by SIGKILL/)
    assert.equal((await runner.get('/pid')).status, 200)
  })

  test('is replaced at the age that max-worker-lifetime says', async t => {
    const runner = await startRunner(t, ['--max-worker-lifetime', '1'])
    await runner.waitForLine(/^\.\.\.The work of process \d+ is done \(lifetime: \d+ seconds\)/)
    await runner.waitForLine(/^worker 1 \(pid: \d+\) done$/)
    assert.notEqual((await runner.get('/pid')).body, String(runner.workers[0]))
  })

  test('that is replaced has the time of worker-reload-mercy, not of reload-mercy', async t => {
    const runner = await startRunner(t, ['--worker-reload-mercy', '1'])
    const { pid, outcome } = await runner.begin('/hang')
    runner.signal('SIGHUP')
    await runner.waitForLine(new RegExp(`^worker 1 \\(pid: ${pid}\\) killed by SIGKILL$`))
    assert.equal(await outcome, 'ECONNRESET')
  })

  test('is replaced when the file of touch-chain-reload is touched', async t => {
    const path = join(tempDir(t), 'chain')
    const runner = await startRunner(t, ['--touch-chain-reload', path, '--lazy-apps'])
    writeFileSync(path, '')
    await runner.waitForLine(/^worker 1 \(pid: \d+\) done$/)
    assert.notEqual((await runner.get('/pid')).body, String(runner.workers[0]))
  })
})

describe('master-fifo', () => {
  test('takes commands, and is gone at the end', async t => {
    const fifo = join(tempDir(t), 'fifo')
    const runner = await startRunner(t, ['--master-fifo', fifo])
    assert.ok(statSync(fifo).isFIFO())
    appendFileSync(fifo, 'r\n')
    await runner.waitForLine(/^worker 1 \(pid: \d+\) done$/)
    appendFileSync(fifo, 'x')
    await runner.waitForLine(/^master-fifo: unknown command "x"$/)
    appendFileSync(fifo, 's')
    await runner.waitForLine(/^\[\{"id":1,"pid":\d+/)
    appendFileSync(fifo, 'q')
    assert.equal(await runner.service.exit(), 0)
    assert.match(runner.service.output(), /^stopped by the master-fifo$/m)
    assert.ok(!existsSync(fifo))
  })
})
