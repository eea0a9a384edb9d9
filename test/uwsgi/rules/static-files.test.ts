/**
 * Files as answers: static:, check-static, static-map, and the cache that remembers paths.
 */

import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { until } from '../../../testing/deadline.ts'
import { onEnd, type Scope } from '../../../testing/scope.ts'
import { tempDir } from '../../../testing/temp-dir.ts'
import { assertNothing } from './answers.ts'
import { startSite } from './site.ts'

const MODIFIED = new Date('2026-11-21T20:53:02.700Z')
const LAST_MODIFIED = 'Last-Modified: Sat, 21 Nov 2026 20:53:02 GMT'

/** A directory with a.css, empty, and sub/b; next to it is a file that must not be served. */
function makeFiles(scope: Scope): string {
  const parent = tempDir(scope)
  const root = join(parent, 'root')
  mkdirSync(join(root, 'sub'), { recursive: true })
  writeFileSync(join(root, 'a.css'), 'a { color: red }')
  utimesSync(join(root, 'a.css'), MODIFIED, MODIFIED)
  writeFileSync(join(root, 'empty'), '')
  writeFileSync(join(root, 'sub/b'), 'file b')
  writeFileSync(join(parent, 'root-secret'), 'secret')
  writeFileSync(join(parent, 'types'), 'text/css css')
  return root
}

describe('static:', () => {
  test('answers with type, length and date, to GET and HEAD only', async t => {
    const root = makeFiles(t)
    const site = await startSite(
      t,
      `mime-file = ${root}/../types\nroute = ^/f/(.*) static:${root}/$1`,
    )
    const headers = ['Content-Type: text/css', 'Content-Length: 16', LAST_MODIFIED]
    const get = await site.get('/f/a.css')
    assert.deepEqual([get.headers, get.text], [headers, 'a { color: red }'])
    const head = await site.send('/f/a.css', { method: 'HEAD' })
    assert.deepEqual([head.headers, head.raw.slice(-4)], [headers, '\r\n\r\n'])
    assertNothing(await site.send('/f/a.css', { method: 'POST' }))
    assert.equal((await site.get('/f/empty')).headers[0], 'Content-Length: 0')
  })

  test('is 304 for who has it', async t => {
    const root = makeFiles(t)
    const site = await startSite(t, `route = ^/f/(.*) static:${root}/$1`)
    const since = (date: Date) => ({ 'If-Modified-Since': date.toUTCString() })
    const same = await site.get('/f/a.css', since(MODIFIED))
    assert.deepEqual([same.statusLine, same.headers], ['HTTP/1.1 304 Not Modified', []])
    const older = await site.get('/f/a.css', since(new Date(MODIFIED.getTime() - 1000)))
    assert.equal(older.statusLine, 'HTTP/1.1 200 OK')
    assert.equal((await site.get('/f/a.css', { 'If-Modified-Since': 'x' })).text.length, 16)
  })

  test('is nothing without a file, or where the request leads out of the directory', async t => {
    const root = makeFiles(t)
    const site = await startSite(
      t,
      `route = ^/f/(.*) static:${root}/$1\nroute = ^/c static:${root}/\${cookie[f]}`,
    )
    for (const target of [
      '/f/none',
      '/f/sub',
      '/f/%2e%2e/root-secret',
      '/f/sub/%2e%2e/a.css',
      '/f/a.css%00',
    ]) {
      assertNothing(await site.get(target))
    }
    assertNothing(await site.get('/c', { Cookie: 'f=../root-secret' }))
    assert.equal((await site.get('/c', { Cookie: 'f=sub/b' })).text, 'file b')
  })
})

describe('tofile:', () => {
  test('writes complete pages only, with the mode asked for, and nothing else', async t => {
    const root = makeFiles(t)
    const site = await startSite(t, `route = ^/(.*) tofile:filename=${root}/sub/$1,mode=600`, {
      application: (request, response) => {
        const large = request.url === '/large'
        response.statusCode = request.url === '/error' ? 500 : 200
        response.end(large ? Buffer.alloc(200_000, 'x') : 'page')
      },
    })
    for (const path of ['/page', '/error', '/large', '/%2e%2e/out', '/none/page']) {
      await site.get(path)
    }
    await site.send('/post', { method: 'POST' })
    await until('the large one is written', () => readdirSync(join(root, 'sub')).includes('large'))
    await until(
      'no part is left',
      () => !readdirSync(join(root, 'sub')).some(n => n.endsWith('.part')),
    )
    assert.deepEqual(readdirSync(join(root, 'sub')).sort(), ['b', 'large', 'page'])
    assert.equal(site.log.length, 1)
    assert.match(site.log[0] ?? '', /tofile failed: Error: ENOENT/)
  })
})

describe('check-static and static-map', () => {
  test('answer after the rules and before the application', async t => {
    const root = makeFiles(t)
    const site = await startSite(
      t,
      `mime-file = ${root}/../types
check-static = ${root}
static-map = /assets=${root}/sub
static-map = /one=${root}/a.css
route = ^/empty break:403
route-run = addheader:X-Rule: 1`,
    )
    assert.equal((await site.get('/sub/b')).text, 'file b')
    assert.deepEqual((await site.get('/a.css')).headers, [
      'Content-Type: text/css',
      'Content-Length: 16',
      LAST_MODIFIED,
      'X-Rule: 1',
    ])
    assert.equal((await site.get('/assets/b')).text, 'file b')
    assert.equal((await site.get('/one/whatever')).text, 'a { color: red }')
    assert.equal((await site.get('/empty')).statusLine, 'HTTP/1.1 403 Forbidden')
    assert.equal((await site.get('/sub')).text, 'page /sub q= user=- hit=1')
    assert.equal((await site.send('/a.css', { method: 'POST' })).headers.includes('X-App: 1'), true)
  })

  test('do not lead out of their directory, by links either', async t => {
    const root = makeFiles(t)
    symlinkSync(`${root}-secret`, join(root, 'link'))
    symlinkSync(join(root, 'sub/b'), join(root, 'inside'))
    const site = await startSite(t, `check-static = ${root}`)
    for (const path of ['/link', '/%2e%2e/root-secret', '-secret']) {
      assert.doesNotMatch((await site.get(path)).text, /secret$/)
    }
    assert.equal((await site.get('/inside')).text, 'file b')
    assert.equal(site.log.length, 1)
    assert.match(site.log[0] ?? '', /security error: .*root-secret is not under its directory/)
  })

  test('do not follow a link that takes the place of a file while it is opened', async t => {
    const root = makeFiles(t)
    const target = join(root, 'swapped')
    writeFileSync(target, 'harmless')
    const site = await startSite(t, `check-static = ${root}`)
    const swapping = new Worker(SWAPPER, {
      eval: true,
      workerData: { target, secret: `${root}-secret` },
    })
    onEnd(t, async () => void (await swapping.terminate()))
    const found = new Map<string, number>()
    for (let round = 0; round < 80; round++) {
      const responses = await Promise.all(Array.from({ length: 5 }, () => site.get('/swapped')))
      for (const { text } of responses) {
        const what = text.startsWith('page') ? 'page' : text
        found.set(what, (found.get(what) ?? 0) + 1)
      }
    }
    assert.ok(found.has('harmless'), 'the file was never served')
    assert.equal(found.get('secret'), undefined)
  })

  test('do not serve names that begin with a dot, unless static-dotfiles is set', async t => {
    const root = makeFiles(t)
    mkdirSync(join(root, '.git'))
    mkdirSync(join(root, '.well-known'))
    writeFileSync(join(root, '.env'), 'secret')
    writeFileSync(join(root, '.git/config'), 'secret')
    writeFileSync(join(root, '.well-known/security.txt'), 'mail us')
    const paths = ['/.env', '/.git/config', '/sub/%2e%2e/.env', '/m.env', '/m/.env', '/s/.env']
    const lines = `check-static = ${root}
static-map = /m=${root}
route = ^/s/(.*) static:${root}/$1
route = ^/rule static:${root}/.env`
    const site = await startSite(t, lines)
    for (const path of paths) assert.doesNotMatch((await site.get(path)).text, /secret/, path)
    assert.equal((await site.get('/.well-known/security.txt')).text, 'mail us')
    assert.equal((await site.get('/rule')).text, 'secret')
    const open = await startSite(t, `${lines}\nstatic-dotfiles = true`)
    for (const path of ['/.env', '/.git/config', '/m/.env', '/s/.env']) {
      assert.equal((await open.get(path)).text, 'secret', path)
    }
  })

  test('a directory may come later', async t => {
    const root = makeFiles(t)
    const site = await startSite(t, `check-static = ${root}/later`)
    assert.match((await site.get('/new')).text, /^page/)
    mkdirSync(join(root, 'later'))
    writeFileSync(join(root, 'later/new'), 'now here')
    assert.equal((await site.get('/new')).text, 'now here')
  })
})

describe('static-cache-paths', () => {
  test('remembers where a file was found, for as long as it says', async t => {
    const root = makeFiles(t)
    const site = await startSite(
      t,
      `cache2 = name=other,items=10
cache2 = name=paths,items=10
check-static = ${root}
static-cache-paths = 5
static-cache-paths-name = paths`,
    )
    assert.equal((await site.get('/sub/b')).text, 'file b')
    assert.equal(site.value('paths', `${root}//sub/b`), `${root}/sub/b`)
    site.cache('paths').set(`${root}//alias`, Buffer.from(`${root}/sub/b`))
    assert.equal((await site.get('/alias')).text, 'file b')
    site.clock.advance(5_000)
    assert.equal(site.value('paths', `${root}//sub/b`), undefined)
    assert.equal(site.cache('other').stats().items, 0)
  })

  test('what it remembers is looked at again: it may be gone or wrong', async t => {
    const root = makeFiles(t)
    const site = await startSite(
      t,
      `cache2 = name=paths,items=10\ncheck-static = ${root}\nstatic-cache-paths = 5`,
    )
    await site.get('/sub/b')
    rmSync(join(root, 'sub/b'))
    assert.match((await site.get('/sub/b')).text, /^page/)
    site.cache('paths').set(`${root}//x`, Buffer.from(`${root}-secret`))
    assert.match((await site.get('/x')).text, /^page/)
  })

  test('what another process writes there does not lead out of the directory', async t => {
    const root = makeFiles(t)
    writeFileSync(join(root, '.env'), 'secret')
    const site = await startSite(
      t,
      `cache2 = name=paths,items=10\ncheck-static = ${root}\nstatic-cache-paths = 5`,
    )
    const planted = ['/../root-secret', '/sub/../../root-secret', '/../../etc/passwd', '/.env']
    for (const [index, path] of planted.entries()) {
      site.cache('paths').set(`${root}//x${index}`, Buffer.from(root + path))
      assert.match((await site.get(`/x${index}`)).text, /^page/, path)
    }
    site.cache('paths').set(`${root}//a.css`, Buffer.from(`${root}/../root-secret`))
    assert.equal((await site.get('/a.css')).text, 'a { color: red }')
  })
})

/** Puts a link to the secret in the place of the file, and the file back, without a pause. */
const SWAPPER = `
const { linkSync, renameSync, symlinkSync, writeFileSync } = require('node:fs')
const { workerData: { target, secret } } = require('node:worker_threads')
writeFileSync(target + '.file', 'harmless')
for (;;) {
  symlinkSync(secret, target + '.next')
  renameSync(target + '.next', target)
  linkSync(target + '.file', target + '.next')
  renameSync(target + '.next', target)
}`
