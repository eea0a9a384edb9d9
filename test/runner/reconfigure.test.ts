/**
 * SIGHUP reads the INI file again.
 */

import assert from 'node:assert/strict'
import { existsSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, test } from 'node:test'
import { RemoteCache } from '../../src/client/index.ts'
import { until, within } from '../../testing/deadline.ts'
import { APP, get, type Runner, startServe, untilGone } from '../../testing/runner-process.ts'
import type { Scope } from '../../testing/scope.ts'
import { tempDir } from '../../testing/temp-dir.ts'

/** A runner with an INI file that can be written again; sockets are below its directory. */
async function startIni(t: Scope, lines: (directory: string) => string[]) {
  const directory = tempDir(t)
  const path = join(directory, 'site.ini')
  const write = (all: readonly string[]) =>
    writeFileSync(path, ['[uwsgi]', `module = ${APP}`, 'disable-logging = 1', ...all].join('\n'))
  write(lines(directory))
  const runner = await startServe(t, ['--ini', path])
  return { runner, directory, write }
}

/** The text of a request over a Unix socket. */
const ask = async (socketPath: string, path: string) => (await get({ socketPath, path })).body

/** Reloads and waits until so many workers serve, and so many old ones have ended. */
async function reload(runner: Runner, replacedCount: number, drainedCount = 1): Promise<void> {
  runner.signal('SIGHUP')
  for (let i = 0; i < replacedCount; i++) {
    await runner.waitForLine(/^Respawned undercroft worker \d+/)
    // A worker that is new has no predecessor.
    if (i < drainedCount) await runner.waitForLine(/^worker \d+ \(pid: \d+\) done$/)
  }
}

describe('SIGHUP', () => {
  test('keeps the caches that are the same, brings new ones, and lets the others go', async t => {
    const stats = (directory: string) => join(directory, 'stats.sock')
    const { runner, directory, write } = await startIni(t, dir => [
      ...[`http = ${dir}/web`, `socket = ${dir}/cache`, `stats = ${stats(dir)}`],
      ...['cache2 = name=kept,items=10', 'cache2 = name=gone,items=10'],
    ])
    await using remote = await RemoteCache.connect(`kept@${directory}/cache`)
    await remote.set('k', 'v')
    write([
      ...[`http = ${directory}/web`, `socket = ${directory}/cache`, `stats = ${stats(directory)}`],
      ...['cache2 = name=kept,items=10', 'cache2 = name=new,items=20'],
    ])
    await reload(runner, 1)
    const log = runner.service.output()
    assert.match(log, /^\*\*\* configuration: new: cache "new" \*\*\*$/m)
    assert.match(log, /^\*\*\* configuration: gone: cache "gone" \*\*\*$/m)
    assert.equal(await ask(`${directory}/web`, '/get?key=k&cache=kept'), 'v')
    assert.equal(await ask(`${directory}/web`, '/set?key=k&value=v&cache=new'), 'true')
    const { caches } = JSON.parse(await text(connect(stats(directory))))
    assert.deepEqual(
      caches.map((cache: { name: string }) => cache.name),
      ['kept', 'new'],
    )
  })

  test('changes how many workers there are, up and down', async t => {
    const { runner, directory, write } = await startIni(t, dir => [`http = ${dir}/web`])
    const web = `http = ${directory}/web`
    write([web, 'processes = 3'])
    await reload(runner, 3, 1)
    assert.match(runner.service.output(), /^\*\*\* configuration: processes: 1 to 3 \*\*\*$/m)
    assert.equal(await ask(`${directory}/web`, '/opt?name=processes'), '3')
    const [two, three] = [2, 3].map(id => {
      const pattern = new RegExp(`^Respawned undercroft worker ${id} \\(new pid: (\\d+)\\)$`, 'm')
      return Number(pattern.exec(runner.service.output())?.[1])
    })
    write([web, 'processes = 1'])
    await reload(runner, 1)
    await untilGone([two ?? 0, three ?? 0])
    assert.equal(await ask(`${directory}/web`, '/opt?name=processes'), '1')
  })

  test('changes sockets, rules and variables, and no request is refused meanwhile', async t => {
    const { runner, directory, write } = await startIni(t, dir => [
      ...[`http = ${dir}/web`, `http = ${dir}/old`, 'env = A=1', 'env = B=2'],
    ])
    write([
      ...[`http = ${directory}/web`, `http = ${directory}/new`, 'env = A=3'],
      'route = ^/worker addheader:X-Rule: yes',
    ])
    await reload(runner, 1)
    await until('the old socket is gone', () => !existsSync(`${directory}/old`))
    assert.equal(await ask(`${directory}/new`, '/env?name=A'), '3')
    assert.equal(await ask(`${directory}/new`, '/env?name=B'), 'not set')
    const { headers } = await get({ socketPath: `${directory}/web`, path: '/worker' })
    assert.equal(headers['x-rule'], 'yes')
  })

  test('says what needs a restart, and applies the rest', async t => {
    const { runner, directory, write } = await startIni(t, dir => [
      ...[`http = ${dir}/web`, 'cache2 = name=sized,items=10', `pidfile = ${dir}/pid`],
    ])
    write([
      ...[`http = ${directory}/web`, 'cache2 = name=sized,items=2000'],
      ...[`pidfile = ${directory}/other`, 'env = A=applied'],
    ])
    await reload(runner, 1)
    const log = runner.service.output()
    for (const what of ['pidfile', 'cache "sized"']) {
      assert.ok(log.includes(`*** configuration: ${what} has changed, which needs a restart ***`))
    }
    assert.equal(await ask(`${directory}/web`, '/env?name=A'), 'applied')
    assert.equal(await ask(`${directory}/web`, '/set?key=k&value=v&cache=sized'), 'true')
    assert.deepEqual(
      [existsSync(`${directory}/pid`), existsSync(`${directory}/other`)],
      [true, false],
    )
  })

  test('refuses a configuration that is wrong, and everything stays', async t => {
    const { runner, directory, write } = await startIni(t, dir => [`http = ${dir}/web`])
    const before = await ask(`${directory}/web`, '/pid')
    write([`http = ${directory}/web`, 'processes = many'])
    runner.signal('SIGHUP')
    await runner.waitForLine(
      /^\*\*\* reload refused: .*site\.ini:5: processes must be .*; nothing has changed \*\*\*$/,
    )
    write([`http = ${directory}/web`, 'http = /nonexistent/socket'])
    runner.signal('SIGHUP')
    await runner.waitForLine(/^\*\*\* reload refused: .*\/nonexistent\/.*nothing has changed/)
    assert.equal(await ask(`${directory}/web`, '/pid'), before)
    write([`http = ${directory}/web`, 'env = A=mended'])
    await reload(runner, 1)
    assert.equal(await within('mended', ask(`${directory}/web`, '/env?name=A')), 'mended')
  })
})
