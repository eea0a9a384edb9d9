/**
 * The end of an instance: what is finished, what is cut short, and that nothing is left of it.
 */

import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { APP, MAIN, type Runner, startRunner, untilGone } from '../../testing/runner-process.ts'
import type { Scope } from '../../testing/scope.ts'
import { isListening, startService } from '../../testing/service.ts'
import { tempDir } from '../../testing/temp-dir.ts'

interface Started {
  readonly runner: Runner
  readonly socketPath: string
  readonly pidfile: string
}

async function start(t: Scope, ...args: string[]): Promise<Started> {
  const directory = tempDir(t)
  const [socketPath, pidfile] = [join(directory, 'cache.sock'), join(directory, 'site.pid')]
  const files = ['--socket', socketPath, '--pidfile', pidfile]
  const runner = await startRunner(t, ['--processes', '2', ...files, ...args])
  assert.equal(readFileSync(pidfile, 'utf8'), `${runner.service.pid}\n`)
  assert.ok(existsSync(socketPath))
  return { runner, socketPath, pidfile }
}

/** No process, no port, no file. */
async function assertNothingLeft({ runner, socketPath, pidfile }: Started): Promise<void> {
  await untilGone([runner.service.pid, ...runner.workers])
  assert.equal(await isListening({ port: runner.port, host: '127.0.0.1' }), undefined)
  assert.ok(!existsSync(socketPath), 'the socket file is left')
  assert.ok(!existsSync(pidfile), 'the pidfile is left')
}

describe('SIGTERM', () => {
  for (const option of ['', '--die-on-term']) {
    const title = option === '' ? '' : ' with die-on-term as well'
    test(`takes no more, finishes what has begun, and leaves nothing${title}`, async t => {
      const started = await start(t, ...(option === '' ? [] : [option]))
      const { runner } = started
      const slow = await runner.begin('/slow?ms=700')
      const stream = await runner.begin('/stream?ms=700')
      runner.signal('SIGTERM')
      assert.equal(await slow.outcome, `slow ${slow.pid}`)
      assert.equal(await stream.outcome, 'begun ended')
      assert.equal(await runner.service.exit(), 0)
      assert.match(runner.service.output(), /^stopped by SIGTERM$/m)
      await assertNothingLeft(started)
    })
  }

  test('does not wait longer than reload-mercy says', async t => {
    const started = await start(t, '--reload-mercy', '1')
    const { runner } = started
    const hanging = await runner.begin('/hang')
    runner.signal('SIGTERM')
    assert.equal(await hanging.outcome, 'ECONNRESET')
    assert.equal(await runner.service.exit(), 0)
    assert.match(runner.service.output(), /worker \d \(pid: \d+\) killed by SIGKILL/)
    await assertNothingLeft(started)
  })

  test('a second time, or SIGINT after it, ends at once', async t => {
    for (const second of ['SIGTERM', 'SIGINT'] as const) {
      const started = await start(t)
      const { runner } = started
      const hanging = await runner.begin('/hang')
      runner.signal('SIGTERM')
      await runner.waitForLine(/^worker \d \(pid: \d+\) done$/) // the one that had nothing to do
      runner.signal(second)
      assert.equal(await hanging.outcome, 'ECONNRESET')
      assert.equal(await runner.service.exit(), 0)
      await assertNothingLeft(started)
    }
  })

  test('during the start ends at once', async t => {
    const args = ['--module', APP, '--http', '127.0.0.1:0', '--processes', '2']
    const service = await startService(t, process.execPath, [MAIN, 'serve', ...args])
    const pid = await service.waitFor('a worker', out => /worker 2 \(pid: (\d+)/.exec(out)?.[1])
    process.kill(service.pid, 'SIGTERM')
    assert.equal(await service.exit(), 0)
    await untilGone([Number(pid)])
    assert.doesNotMatch(service.output(), /workers are ready/)
  })
})

describe('SIGINT and SIGQUIT', () => {
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
    test(`${signal} ends at once, and leaves nothing`, async t => {
      const started = await start(t)
      const { runner } = started
      const slow = await runner.begin('/slow?ms=15000')
      runner.signal(signal)
      assert.equal(await slow.outcome, 'ECONNRESET')
      assert.equal(await runner.service.exit(), 0)
      await assertNothingLeft(started)
    })
  }

  test('end a worker that is stuck, too', async t => {
    const started = await start(t)
    const { runner } = started
    const stuck = await runner.begin('/loop')
    runner.signal('SIGINT')
    assert.equal(await stuck.outcome, 'ECONNRESET')
    assert.equal(await runner.service.exit(), 0)
    await assertNothingLeft(started)
  })

  test('that a terminal sends to the workers as well are the master’s to answer', async t => {
    const { runner } = await start(t)
    const slow = await runner.begin('/slow?ms=500')
    for (const pid of runner.workers) {
      for (const signal of ['SIGINT', 'SIGQUIT', 'SIGHUP'] as const) process.kill(pid, signal)
    }
    assert.equal(await slow.outcome, `slow ${slow.pid}`)
    assert.ok(runner.workers.includes(Number((await runner.get('/pid')).body)))
  })
})

describe('the master’s death by SIGKILL', () => {
  test('lets workers finish what has begun, and leaves no process, port or file', async t => {
    const started = await start(t)
    const { runner } = started
    const slow = await runner.begin('/slow?ms=700')
    runner.signal('SIGKILL')
    assert.equal(await slow.outcome, `slow ${slow.pid}`)
    await assertNothingLeft(started)
  })

  test('ends workers whose requests do not end', async t => {
    const started = await start(t)
    const { runner } = started
    const hanging = await runner.begin('/hang')
    runner.signal('SIGKILL')
    assert.equal(await hanging.outcome, 'ECONNRESET')
    await assertNothingLeft(started)
  })
})
