/**
 * An instance as a part of its system: in the background, with pidfiles, umask and owners.
 */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { until, within } from '../../testing/deadline.ts'
import { APP, get, MAIN, startServe, untilGone } from '../../testing/runner-process.ts'
import { onEnd } from '../../testing/scope.ts'
import { memoryDir, tempDir } from '../../testing/temp-dir.ts'

const run = promisify(execFile)
const isRoot = process.geteuid?.() === 0

describe('daemonize', () => {
  async function daemonize(t: TestContext, option: string, module = APP) {
    const directory = tempDir(t)
    const [pidfile, log, web] = ['pid', 'log', 'web'].map(name => join(directory, name))
    const files = ['--pidfile', pidfile ?? '', option, log ?? '', '--http', web ?? '']
    const args = ['serve', ...files, '--module', module, '--directory', memoryDir(t)]
    onEnd(t, async () => {
      if (!existsSync(pidfile ?? '')) return
      const pid = Number(readFileSync(pidfile ?? '', 'utf8'))
      if (pid > 0) process.kill(pid, 'SIGTERM')
      if (pid > 0) await untilGone([pid])
    })
    const ended = run(process.execPath, [MAIN, ...args], { cwd: directory })
    return { ended, pidfile: pidfile ?? '', log: log ?? '', web: web ?? '' }
  }

  test('returns at once, and the instance serves in the background', async t => {
    const { ended, pidfile, log, web } = await daemonize(t, '--daemonize')
    const { stdout, stderr } = await ended
    assert.deepEqual([stdout, stderr], ['', ''])
    await until(
      'it serves',
      () => existsSync(log) && /workers are ready/.test(readFileSync(log, 'utf8')),
    )
    const { body } = await get({ socketPath: web, path: '/worker' })
    assert.equal(body, 'true 1')
    const [, , , , session] = readFileSync(
      `/proc/${Number(readFileSync(pidfile, 'utf8'))}/stat`,
      'utf8',
    )
      .replace(/^.*\) /, '')
      .split(' ')
    assert.equal(session, '0', 'no terminal')
  })

  test('2 returns once everything serves', async t => {
    const { ended, log, web } = await daemonize(t, '--daemonize2')
    await ended
    assert.match(readFileSync(log, 'utf8'), /all 1 workers are ready/)
    assert.equal((await get({ socketPath: web, path: '/worker' })).status, 200)
  })

  test('2 returns the exit code of a start that fails', async t => {
    const { ended, log, pidfile } = await daemonize(t, '--daemonize2', '/nonexistent.mjs')
    await assert.rejects(ended, { code: 3 })
    assert.match(readFileSync(log, 'utf8'), /nonexistent\.mjs.*UNDERCROFT_APP_INVALID/)
    assert.ok(!existsSync(pidfile))
  })

  test('says what is wrong with options before it leaves the terminal', async t => {
    const args = [MAIN, 'serve', '--daemonize', '/tmp/x', '--processes', 'many']
    await assert.rejects(run(process.execPath, args, { cwd: tempDir(t) }), { code: 2 })
  })
})

describe('a pidfile', () => {
  test('stays as it is when a second instance does not start', async t => {
    const directory = tempDir(t)
    const pidfile = join(directory, 'pid')
    const socket = join(directory, 'web')
    const runner = await startServe(t, ['--http', socket, '--pidfile', pidfile])
    const second = [MAIN, 'serve', '--http', socket, '--pidfile', pidfile]
    await assert.rejects(run(process.execPath, second, { cwd: directory }), { code: 3 })
    assert.equal(readFileSync(pidfile, 'utf8'), `${runner.service.pid}\n`)
    runner.signal('SIGTERM')
    await runner.service.exit()
    assert.ok(!existsSync(pidfile))
  })

  test('of an instance that ends stays if another instance has written it', async t => {
    const pidfile = join(tempDir(t), 'pid')
    const args = ['--http', '127.0.0.1:0', '--pidfile', pidfile]
    const first = await startServe(t, args)
    const second = await startServe(t, args)
    first.signal('SIGTERM')
    await first.service.exit()
    assert.equal(readFileSync(pidfile, 'utf8'), `${second.service.pid}\n`)
  })

  test('that is safe is written once all workers serve', async t => {
    const directory = tempDir(t)
    const pidfile = join(directory, 'pid')
    const app = join(directory, 'app.mjs')
    writeFileSync(app, 'throw new Error("not today")')
    writeFileSync(pidfile, '1234567\n')
    const args = ['--module', app, '--http', '127.0.0.1:0', '--safe-pidfile', pidfile]
    await assert.rejects(run(process.execPath, [MAIN, 'serve', ...args], { cwd: directory }), {
      code: 3,
    })
    assert.equal(readFileSync(pidfile, 'utf8'), '1234567\n')
    writeFileSync(app, 'export default (q, r) => r.end("today")')
    const runner = await startServe(t, args)
    assert.equal(readFileSync(pidfile, 'utf8'), `${runner.service.pid}\n`)
  })
})

describe('files of an instance', () => {
  test('have the mode that umask leaves', async t => {
    const directory = tempDir(t)
    const [pidfile, made] = [join(directory, 'pid'), join(directory, 'made')]
    const app = join(directory, 'app.mjs')
    writeFileSync(
      app,
      `import { writeFileSync } from 'node:fs'
      writeFileSync(${JSON.stringify(made)}, '')
      export default (q, r) => r.end()`,
    )
    await startServe(t, [
      ...['--module', app, '--http', '127.0.0.1:0', '--pidfile', pidfile, '--umask', '077'],
    ])
    for (const path of [pidfile, made]) assert.equal(statSync(path).mode & 0o777, 0o600)
  })

  test('are given to chown-socket', {
    skip: isRoot ? false : 'only root gives files away',
  }, async t => {
    const socket = join(tempDir(t), 'web')
    await startServe(t, ['--http', socket, '--chown-socket', 'nobody:nogroup'])
    assert.deepEqual([statSync(socket).uid, statSync(socket).gid], [65534, 65534])
  })
})

describe('reuse-port', () => {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const isSupported = major > 22 || (major === 22 && minor >= 12)

  test('lets two instances serve one port, where Node.js can', async t => {
    const first = ['--module', APP, '--http', '127.0.0.1:0', '--reuse-port']
    if (!isSupported) {
      await assert.rejects(run(process.execPath, [MAIN, 'serve', ...first], { cwd: tempDir(t) }), {
        code: 2,
        stderr: /reuse-port needs Node\.js 22\.12 or newer/,
      })
      return
    }
    const { port } = await startServe(t, first)
    const second = ['--module', APP, '--http', `127.0.0.1:${port}`, '--reuse-port']
    assert.equal((await startServe(t, second)).port, port)
  })
})

describe('limit-post', () => {
  test('refuses larger bodies with 413, also those whose size is not known before', async t => {
    const app = join(tempDir(t), 'app.mjs')
    writeFileSync(
      app,
      `export default async (request, response) => {
        let size = 0
        for await (const chunk of request) size += chunk.length
        response.end(String(size))
      }`,
    )
    const { port } = await startServe(t, [
      ...['--module', app, '--http', '127.0.0.1:0', '--limit-post', '100'],
    ])
    const post = (size: number, headers: Record<string, string | number>) =>
      new Promise<number>((resolve, reject) => {
        const asking = request({ port, host: '127.0.0.1', method: 'POST', headers }, response => {
          response.resume()
          resolve(response.statusCode ?? 0)
        })
        asking.once('error', reject)
        asking.end(Buffer.alloc(size))
      })
    const posts = [
      post(100, { 'content-length': 100 }),
      post(101, { 'content-length': 101 }),
      post(100, { 'transfer-encoding': 'chunked' }),
      post(101, { 'transfer-encoding': 'chunked' }),
    ]
    assert.deepEqual(await within('the answers', Promise.all(posts)), [200, 413, 200, 413])
  })
})
