/**
 * An application under the runner: where it is found, what its environment contains, which caches
 * it sees.
 */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { promisify } from 'node:util'
import { RemoteCache } from '../../src/client/index.ts'
import { Cache } from '../../src/index.ts'
import { receiveReplicas } from '../../src/replication/index.ts'
import { until } from '../../testing/deadline.ts'
import { ROOT } from '../../testing/root.ts'
import { APP, get, MAIN, startRunner, startServe, uwsgiPort } from '../../testing/runner-process.ts'
import { startService } from '../../testing/service.ts'
import { memoryDir, tempDir } from '../../testing/temp-dir.ts'
import { CACHE_GET, exchange, requestPacket } from '../../testing/uwsgi-requests.ts'

const run = promisify(execFile)

describe('an application under the runner', () => {
  test('is served by as many workers as are asked for, which know what they are', async t => {
    const runner = await startRunner(t, ['--processes', '2'])
    assert.equal(runner.workers.length, 2)
    const { status, body } = await runner.get('/pid')
    assert.equal(status, 200)
    assert.ok(runner.workers.includes(Number(body)))
    assert.match((await runner.get('/worker')).body, /^true [12]$/)
    assert.equal((await runner.get('/nowhere')).status, 404)
  })

  test('sees the caches and options of the instance, and shares them with all workers', async t => {
    const runner = await startRunner(t, ['--workers', '2', '--socket', '127.0.0.1:0'])
    assert.equal((await runner.get('/set?key=k&value=v')).body, 'true')
    assert.equal((await runner.get('/set?key=k&value=other&cache=second')).body, 'true')
    assert.equal((await runner.get('/get?key=k')).body, 'v')
    assert.equal((await runner.get('/get?key=k&cache=second')).body, 'other')
    assert.equal((await runner.get('/auto?value=x')).body, 'true {"from":"x"}')
    for (let i = 1; i <= 20; i++) assert.equal((await runner.get('/count')).body, String(i))
    assert.equal((await runner.get('/opt?name=processes')).body, '2')
    const { stdout } = await run(process.execPath, [
      ...[MAIN, 'get', 'k', '--cache', 'second', '--directory', runner.directory],
    ])
    assert.equal(stdout, 'other')
  })

  test('sees them in worker threads, too', async t => {
    const runner = await startRunner(t, [])
    await runner.get('/set?key=k&value=from-the-worker')
    assert.equal((await runner.get('/thread?key=k')).body, 'from-the-worker true true 0')
    assert.equal((await runner.get('/get?key=k-thread')).body, 'set by a thread')
  })

  test('is an export by name, as module:name or callable, of a file beside chdir', async t => {
    const directory = tempDir(t)
    const source = `export const named = (q, r) => r.end('named in ' + process.cwd())\n`
    writeFileSync(join(directory, 'site.mjs'), source)
    const http = ['--http-socket', '127.0.0.1:0', '--chdir', directory]
    const first = await startServe(t, ['--wsgi-file', 'site.mjs', '--callable', 'named', ...http])
    const second = await startServe(t, ['--module', './site.mjs:named', ...http])
    for (const runner of [first, second]) {
      assert.equal((await runner.get('/')).body, `named in ${directory}`)
    }
  })

  test('has the variables of env, and those of whoever started the master', async t => {
    const runner = await startRunner(t, ['--env', 'A=1=2', '--env', 'B=3', '--env', 'A=4'], {
      env: { C: '5' },
    })
    assert.equal((await runner.get('/env?name=A')).body, '4')
    assert.equal((await runner.get('/env?name=B')).body, '3')
    assert.equal((await runner.get('/env?name=C')).body, '5')
  })

  test('is served over Unix sockets with the mode that chmod-socket says', async t => {
    const [web, cache] = [join(tempDir(t), 'web.sock'), join(tempDir(t), 'cache.sock')]
    const sockets = ['--http-socket', web, '--socket', cache, '--chmod-socket', '664']
    const runner = await startRunner(t, sockets)
    assert.equal((await get({ socketPath: web, path: '/opt?name=chmod-socket' })).body, '664')
    for (const path of [web, cache]) assert.equal(statSync(path).mode & 0o777, 0o664)
    await using remote = await RemoteCache.connect(`first@${cache}`)
    await remote.set('k', 'over the network')
    assert.equal((await runner.get('/get?key=k')).body, 'over the network')
  })

  test('gets headers as large as buffer-size says', async t => {
    const runner = await startRunner(t, ['--buffer-size', '65535'])
    const { status } = await runner.get(`/pid?${'x'.repeat(40_000)}`)
    assert.equal(status, 200)
  })

  test('is not needed: caches alone are served by all workers, HTTP finds nothing', async t => {
    const runner = await startServe(t, [
      ...['--master', '--processes', '2', '--cache2', 'name=a,items=10'],
      ...['--socket', '127.0.0.1:0', '--http', '127.0.0.1:0'],
    ])
    const port = uwsgiPort(runner)
    for (let i = 1; i <= 10; i++) {
      await using remote = await RemoteCache.connect(`a@127.0.0.1:${port}`)
      assert.equal(await remote.increment('n'), i)
    }
    await assert.rejects(runner.get('/'), { code: 'ECONNRESET' })
    await runner.waitForLine(/^-- unavailable modifier requested: 0 --$/)
  })

  test('answers requests of the uwsgi protocol, at the port of the caches', async t => {
    const runner = await startRunner(t, ['--socket', '127.0.0.1:0'])
    const port = uwsgiPort(runner)
    const answer = await exchange(port, requestPacket({ REQUEST_URI: '/worker?uwsgi' }))
    assert.match(answer, /^HTTP\/1\.1 200 OK\r\n.*\r\n\r\ntrue 1$/s)
    await runner.get('/set?key=foo&value=in-the-cache')
    assert.match(await exchange(port, CACHE_GET), /in-the-cache/)
  })

  test('answers them without any cache, too', async t => {
    const runner = await startServe(t, ['--module', APP, '--socket', '127.0.0.1:0'])
    const answer = await exchange(uwsgiPort(runner), requestPacket({ REQUEST_URI: '/worker' }))
    assert.match(answer, /true 1$/)
    assert.equal(await exchange(uwsgiPort(runner), CACHE_GET), '')
  })

  test('is asked only for what rules do not answer, in whatever worker', async t => {
    const runner = await startRunner(t, [
      ...['--processes', '2', '--socket', '127.0.0.1:0'],
      ...['--route', `^/pid cache:key=\${REQUEST_URI},name=second`],
      ...['--route', `^/pid cachestore:key=\${REQUEST_URI},name=second`],
    ])
    assert.match(runner.service.output(), /^\*\*\* dumping internal routing table \*\*\*$/m)
    const first = await runner.get('/pid?page')
    for (let i = 0; i < 10; i++) {
      const { body, headers } = await runner.get('/pid?page')
      assert.deepEqual([body, headers['content-type']], [first.body, 'text/html'])
    }
    const overUwsgi = await exchange(
      uwsgiPort(runner),
      requestPacket({ REQUEST_URI: '/pid?page', PATH_INFO: '/pid' }),
    )
    assert.ok(overUwsgi.endsWith(first.body))
    assert.notEqual((await runner.get('/pid?other')).body, '')
  })

  test('tells other nodes of what it changes', async t => {
    using elsewhere = Cache.open<Uint8Array>({
      ...{ name: 'first', directory: memoryDir(t), maxItems: 100, blockSize: 1024 },
    })
    using receiver = await receiveReplicas(elsewhere, { addresses: ['127.0.0.1:0'] })
    const runner = await startServe(t, [
      ...['--module', APP, '--http', '127.0.0.1:0', '--socket', '127.0.0.1:0'],
      ...['--cache2', `name=first,items=100,blocksize=1024,node=${receiver.addresses[0]}`],
    ])
    await runner.get('/set?key=by-the-app&value=1')
    await using remote = await RemoteCache.connect(`first@127.0.0.1:${uwsgiPort(runner)}`)
    await remote.set('by-a-client', '2')
    await until('both are told', () => elsewhere.has('by-the-app') && elsewhere.has('by-a-client'))
  })

  test('may be a Hono app: the example with its INI file, at free ports', async t => {
    const directory = tempDir(t)
    const example = join(ROOT, 'examples/hono-app')
    const text = readFileSync(join(example, 'app.ini'), 'utf8')
    const ini = text.replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:0').replaceAll('%d', `${example}/`)
    writeFileSync(join(directory, 'app.ini'), ini)
    const runner = await startServe(t, ['app.ini'], { cwd: directory })
    assert.equal((await runner.get('/hello/Ada')).body, '<h1>Hello Ada</h1>')
  })

  test('that cannot be loaded ends the start with the reason and exit code 3', async t => {
    const options = ['--module', 'absent.mjs', '--http', '127.0.0.1:0', '--processes', '2']
    await assert.rejects(run(process.execPath, [MAIN, 'serve', ...options], { cwd: tempDir(t) }), {
      code: 3,
      stderr: /absent\.mjs.*\(UNDERCROFT_APP_INVALID\)/,
    })
  })

  test('with --json is announced in one document, once it serves', async t => {
    const args = ['--json', '--module', APP, '--http', '127.0.0.1:0', '--processes', '2']
    const caches = ['--cache2', 'name=first,items=10', '--directory', memoryDir(t)]
    const service = await startService(t, process.execPath, [MAIN, 'serve', ...args, ...caches])
    const document = await service.waitFor('its document', out => /^\{.*\}$/m.exec(out)?.[0])
    const ready = JSON.parse(document)
    assert.equal(ready.caches[0].name, 'first')
    assert.match(ready.sockets[0], /^127\.0\.0\.1:\d+$/)
    assert.deepEqual([ready.master, ready.workers.length], [service.pid, 2])
  })
})
