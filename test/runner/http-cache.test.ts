/**
 * `http-cache`: the response cache of `undercroft/http` in front of the application of the workers.
 */

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { RawClient } from '../../testing/raw-client.ts'
import { get, MAIN, startServe, untilStored, uwsgiPort } from '../../testing/runner-process.ts'
import type { Scope } from '../../testing/scope.ts'
import { startService } from '../../testing/service.ts'
import { memoryDir, tempDir } from '../../testing/temp-dir.ts'
import { requestPacket } from '../../testing/uwsgi-requests.ts'

const SOURCE = `
let count = 0
export default (request, response) => {
  response.setHeader('x-app', 'ours')
  response.setHeader('cache-control', request.url === '/private' ? 'private' : 'max-age=60')
  if (request.url === '/cookie') response.setHeader('set-cookie', 'user=1')
  if (request.url === '/long') {
    response.setHeader('content-type', 'text/plain')
    response.setHeader('cache-tag', 'long')
    response.write('the same words again; '.repeat(100))
  }
  response.end(process.pid + ' ' + ++count)
}
`

const CACHE = ['--cache2', 'name=pages,items=100,blocksize=4096']

function writeApp(scope: Scope): string {
  const path = join(tempDir(scope), 'app.mjs')
  writeFileSync(path, SOURCE)
  return path
}

function startSite(t: TestContext, more: readonly string[] = []) {
  const app = ['--module', writeApp(t), '--http', '127.0.0.1:0', '--processes', '2']
  return startServe(t, [...app, ...CACHE, '--http-cache', 'pages', ...more])
}

describe('http-cache', () => {
  test('answers for all workers with what one of them made, its headers and its age', async t => {
    const runner = await startSite(t)
    const first = await runner.get('/page')
    assert.match(String(first.headers['cache-status']), /^undercroft; fwd=uri-miss; .*stored/)
    await untilStored(runner, '/page')
    for (let i = 0; i < 20; i++) {
      const { body, headers } = await runner.get('/page')
      assert.deepEqual([body, headers['x-app']], [first.body, 'ours'])
      assert.match(String(headers['cache-status']), /^undercroft; hit; ttl=\d+/)
      assert.match(String(headers.age), /^\d+$/)
    }
  })

  test('answers conditions and ranges', async t => {
    const runner = await startSite(t)
    const { body, headers } = await untilStored(runner, '/page')
    const ask = (name: string, value: unknown) =>
      get({ port: runner.port, path: '/page', headers: { [name]: String(value) } })
    assert.equal((await ask('if-none-match', headers.etag)).status, 304)
    const part = await ask('range', 'bytes=0-1')
    assert.deepEqual([part.status, part.body], [206, body.slice(0, 2)])
  })

  test('compresses, hides tags and is purged as its settings say', async t => {
    const token = 'a-token-of-some-length'
    const tokenFile = join(tempDir(t), 'purge.token')
    writeFileSync(tokenFile, `${token}\n`, { mode: 0o600 })
    const settings = ['pages', 'compress=br;gzip', 'hide_tags=1', 'purge_allow=127.0.0.1']
    const all = [...settings, `purge_token_file=${tokenFile}`].join()
    const runner = await startSite(t, ['--http-cache', all])
    const ask = (path: string, headers: Record<string, string>, method = 'GET') =>
      get({ port: runner.port, path, headers, method })
    await untilStored(runner, '/long')
    const coded = await ask('/long', { 'accept-encoding': 'gzip, identity;q=0' })
    assert.equal(coded.headers['content-encoding'], 'gzip')
    assert.equal(coded.headers['cache-tag'], undefined)
    const authorization = `Bearer ${token}`
    assert.equal((await ask('/long', {}, 'PURGE')).status, 403)
    assert.match(String((await ask('/long', {})).headers['cache-status']), /hit/)
    const purge = await ask('/', { authorization, 'surrogate-key': 'long' }, 'PURGE')
    assert.deepEqual([purge.status, JSON.parse(purge.body)], [200, { status: 'ok' }])
    assert.match(String((await ask('/long', {})).headers['cache-status']), /fwd=uri-miss/)
  })

  test('stores nothing that is meant for one user', async t => {
    const runner = await startSite(t)
    for (const path of ['/cookie', '/private']) {
      assert.notEqual((await runner.get(path)).body, (await runner.get(path)).body, path)
    }
  })

  test('is behind the rules, and before requests of the uwsgi protocol as well', async t => {
    const runner = await startSite(t, [
      ...['--socket', '127.0.0.1:0', '--route', '^/gone return:410'],
    ])
    assert.equal((await runner.get('/gone')).status, 410)
    const { body } = await untilStored(runner, '/page')
    const client = await RawClient.connect(`127.0.0.1:${uwsgiPort(runner)}`)
    const packet = requestPacket({
      REQUEST_METHOD: 'GET',
      REQUEST_URI: '/page',
      SERVER_PROTOCOL: 'HTTP/1.1',
      HTTP_HOST: `127.0.0.1:${runner.port}`,
    })
    const answer = String(await client.send(packet).untilClosed())
    assert.match(answer, /^cache-status: undercroft; hit/im)
    assert.ok(answer.endsWith(`\r\n\r\n${body}`), answer)
  })

  const refused: readonly (readonly [title: string, args: readonly string[], message: RegExp])[] = [
    [
      'a cache that nobody makes',
      ['--module', 'app.mjs', ...CACHE],
      /http-cache .*pages; got "pa"/,
    ],
    [
      'a setting that does not exist',
      ['--module', 'app.mjs', ...CACHE, '--http-cache', 'pages,comprss=br'],
      /has no name "comprss".*did you mean "compress"/,
    ],
    [
      'a coding that does not exist',
      ['--module', 'app.mjs', ...CACHE, '--http-cache', 'pages,compress=deflate'],
      /compress must be one of br, zstd, gzip; got "deflate"/,
    ],
    [
      'an address that is not one',
      ['--module', 'app.mjs', ...CACHE, '--http-cache', 'pages,purge_allow=10.0.0'],
      /purge_allow must be addresses/,
    ],
    [
      'no application',
      CACHE,
      /http-cache stores responses of an application; add module = app\.js/,
    ],
  ]
  for (const [title, args, message] of refused) {
    test(`with ${title} is refused at start`, async t => {
      const name = title.includes('nobody') ? 'pa' : 'pages'
      const command = [MAIN, 'serve', '--directory', memoryDir(t), '--http', '127.0.0.1:0']
      const own = args.includes('--http-cache') ? [] : ['--http-cache', name]
      const all = [...command, ...args, ...own]
      const service = await startService(t, process.execPath, all)
      assert.equal(await service.exit(), 2)
      assert.match(service.output(), message)
    })
  }
})
