/**
 * The INI file of the Python article as it stands, and becoming the user it names.
 */

import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { promisify } from 'node:util'
import { articleIni } from '../../testing/article-ini.ts'
import { get, MAIN, type Runner, startServe, untilGone } from '../../testing/runner-process.ts'
import type { Scope } from '../../testing/scope.ts'
import type { ServiceOptions } from '../../testing/service.ts'
import { tempDir } from '../../testing/temp-dir.ts'

const run = promisify(execFile)

/** A user that every system has, and that owns nothing. */
const NOBODY = { uid: 65_534, gid: 65_534 }

const isRoot = process.geteuid?.() === 0

/** Printed where these tests cannot run; false: they can. */
const cannotChange = isRoot ? findObstacle() : 'only root can become another user'

/** As in the article, but for the name of the application and a port that is free. */
const SEED = articleIni({ module: 'manage.mjs', port: 0 })

const APPLICATION = `export function flaskapp(request, response) {
  const groups = [process.getuid(), process.getgid(), process.getgroups()].join(' ')
  response.end(request.url === '/user' ? groups : 'hello from flaskapp')
}
`

describe('the INI file of the Python article, with the name of its application changed', () => {
  // Root has to have the user "app", which a machine may not have.
  const someone = isRoot ? NOBODY : {}

  test('runs, and prints what a uWSGI user looks for', {
    skip: isRoot && cannotChange,
  }, async t => {
    const { runner, directory } = await startIni(t, SEED, someone)
    const { pid } = runner.service
    const output = runner.service.output()
    const lines = [
      /^\*\*\* Cache "default" initialized: 1MB \(items: 19, .*key: 60 bytes, .*\*\*\*$/m,
      /^http socket 0 bound to TCP address 127\.0\.0\.1:\d+$/m,
      new RegExp(`^spawned undercroft master process \\(pid: ${pid}\\)$`, 'm'),
      ...[1, 2, 3, 4].map(
        id => new RegExp(`^spawned undercroft worker ${id} \\(pid: \\d+, cores: 1\\)$`, 'm'),
      ),
      /^cache sweeper thread enabled$/m,
      /^cannot setgid\(\) as non-root user$/m,
      /^cannot setuid\(\) as non-root user$/m,
      ...['threads', 'thunder-lock', 'venv'].map(
        name => new RegExp(`warning: .*: ${name} has no meaning under Node.js`),
      ),
    ]
    for (const line of lines) assert.match(output, line)
    assert.equal(readFileSync(join(directory, 'site.pid'), 'utf8'), `${pid}\n`)
    assert.equal((await runner.get('/')).body, 'hello from flaskapp')
    runner.signal('SIGTERM')
    assert.equal(await runner.service.exit(), 0)
    await untilGone(runner.workers)
    assert.throws(() => statSync(join(directory, 'site.pid')), { code: 'ENOENT' })
  })

  test('with purge_lru has no sweeper, and says so by silence', {
    skip: isRoot && cannotChange,
  }, async t => {
    const { runner } = await startIni(t, SEED.replace('bitmap=1', 'bitmap=1,purge_lru=1'), someone)
    assert.doesNotMatch(runner.service.output(), /sweeper/)
  })
})

describe('uid and gid', { skip: cannotChange }, () => {
  const INI = SEED.replaceAll('= app', '= nobody').replace('gid = nobody', 'gid = nogroup')

  test('are whom master, workers, caches and Unix sockets belong to', async t => {
    const more = 'socket = cache.sock\nstats = 127.0.0.1:0\n'
    const { runner, directory } = await startIni(t, INI + more)
    assert.match(runner.service.output(), /^setgid\(\) to 65534\nsetuid\(\) to 65534$/m)
    assert.equal((await runner.get('/user')).body, '65534 65534 65534')
    const { uid, gid } = await readStats(runner)
    assert.deepEqual({ uid, gid }, NOBODY)
    for (const path of [
      join(directory, 'cache.sock'),
      join(runner.directory, cacheFile(runner.directory)),
    ]) {
      assert.deepEqual([statSync(path).uid, statSync(path).gid], [NOBODY.uid, NOBODY.gid])
    }
    assert.equal(statSync(join(directory, 'cache.sock')).mode & 0o777, 0o664)
    runner.signal('SIGTERM')
    assert.equal(await runner.service.exit(), 0)
    assert.throws(() => statSync(join(directory, 'cache.sock')), { code: 'ENOENT' })
  })

  test('leave an empty pidfile where that user may not remove it', async t => {
    const { runner, directory } = await startIni(t, INI.replace('%d%n.pid', 'own/site.pid'))
    runner.signal('SIGTERM')
    await runner.service.exit()
    assert.equal(readFileSync(join(directory, 'own/site.pid'), 'utf8'), '')
  })

  test('a uid alone brings the group of that user', async t => {
    const { runner } = await startIni(t, INI.replace('gid = nogroup\n', ''))
    assert.equal((await runner.get('/user')).body, '65534 65534 65534')
  })

  for (const [option, words] of [
    ['--uid', 'user no-such-one not found'],
    ['--gid', 'group no-such-one not found'],
  ] as const) {
    test(`${option} of whom there is none ends the start`, async t => {
      const args = [option, 'no-such-one', '--cache2', 'name=a,items=5', '--socket', '127.0.0.1:0']
      const failure = run(process.execPath, [MAIN, 'serve', ...args], { cwd: tempDir(t) })
      await assert.rejects(failure, { code: 3, stderr: new RegExp(words) })
    })
  }
})

/** Started in a directory where everybody may write; `own/` in it is its maker's alone. */
async function startIni(
  t: Scope,
  text: string,
  someone: ServiceOptions = {},
): Promise<{ runner: Runner; directory: string }> {
  const directory = tempDir(t)
  chmodSync(directory, 0o777)
  mkdirSync(join(directory, 'own'), { mode: 0o755 })
  writeFileSync(join(directory, 'site.ini'), text)
  writeFileSync(join(directory, 'manage.mjs'), APPLICATION)
  return { runner: await startServe(t, ['site.ini'], { cwd: directory, ...someone }), directory }
}

/** The cache's file is named after the instance and the cache. */
function cacheFile(directory: string): string {
  return readdirSync(directory).find(name => name.endsWith(':default.undercroft')) ?? 'none'
}

async function readStats(runner: Runner): Promise<{ uid: number; gid: number }> {
  const [, port] = /Stats server enabled on 127\.0\.0\.1:(\d+)/.exec(runner.service.output()) ?? []
  return JSON.parse((await get({ port: Number(port), path: '/' })).body)
}

/** Why the user `nobody` cannot run the command; false: it can. */
function findObstacle(): string | false {
  try {
    execFileSync(process.execPath, [MAIN, '--version'], { ...NOBODY, stdio: 'pipe' })
    return false
  } catch (error) {
    return `the user nobody cannot run the command: ${error}`.split('\n', 1)[0] ?? 'unknown'
  }
}
