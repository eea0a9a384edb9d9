/**
 * Rules and options of a whole site: redirects, rewritten paths, passwords, expiry, the error
 * chain, the index of a directory, and headers of every response.
 */

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { mkdirSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { tempDir } from '../../../testing/temp-dir.ts'
import { refusal } from '../options/reading.ts'
import { assertNothing } from './answers.ts'
import type { RawResponse } from './raw-http.ts'
import { startSite } from './site.ts'

const MODIFIED = new Date('2026-11-21T20:53:02Z')

function header(response: RawResponse, name: string): string | undefined {
  return response.headers.find(line => line.startsWith(`${name}: `))?.slice(name.length + 2)
}

function basic(credentials: string): Record<string, string> {
  return { Authorization: `Basic ${Buffer.from(credentials).toString('base64')}` }
}

describe('redirect', () => {
  test('answers with the place, 302 or 301, and its text', async t => {
    const site = await startSite(
      t,
      'route = ^/old/(.*) redirect-301:/new/$1\nroute = ^/a redirect:http://b.example$' +
        '{REQUEST_URI}',
    )
    const moved = await site.get('/old/x')
    assert.equal(moved.statusLine, 'HTTP/1.1 301 Moved Permanently')
    assert.deepEqual([header(moved, 'Location'), moved.text], ['/new/x', 'Moved Permanently'])
    const found = await site.get('/a?b=c')
    assert.equal(found.statusLine, 'HTTP/1.1 302 Found')
    assert.deepEqual([header(found, 'Location'), found.text], ['http://b.example/a?b=c', 'Moved'])
  })

  test('to a place with a line end of the request answers nothing', async t => {
    const site = await startSite(t, 'route = ^/old/(.*) redirect:/$1')
    assertNothing(await site.get('/old/a%0d%0aSet-Cookie:%20x'))
  })
})

describe('rewrite', () => {
  test('gives the application and later rules another path and query', async t => {
    const site = await startSite(
      t,
      'route = ^/a/(.*) rewrite:/b/$1?own=1\nroute = ^/b/ addheader:X-Rewritten: $' + '{PATH_INFO}',
      { application: (request, response) => response.end(request.url) },
    )
    const answer = await site.get('/a/x%20y%2fz?q=2')
    assert.deepEqual(
      [answer.text, header(answer, 'X-Rewritten')],
      ['/b/x%20y/z?own=1&q=2', '/b/x y/z'],
    )
    assert.equal((await site.get('/c?q')).text, '/c?q')
  })

  test('as rewrite-last goes to the application at once', async t => {
    const site = await startSite(t, 'route = ^/a rewrite-last:/b\nroute = ^/b return:403', {
      application: (request, response) => response.end(request.url),
    })
    assert.equal((await site.get('/a')).text, '/b')
    assert.equal((await site.get('/b')).statusLine, 'HTTP/1.1 403 Forbidden')
  })
})

describe('basicauth', () => {
  test('lets in one user, and makes the name known to later rules', async t => {
    const site = await startSite(
      t,
      'route-run = basicauth:the realm,ada:pass:word\n' +
        'route-remote-user = ^ada$ addheader:X-User: ok',
    )
    const asked = await site.get('/')
    assert.equal(asked.statusLine, 'HTTP/1.1 401 Authorization Required')
    assert.deepEqual(
      [header(asked, 'WWW-Authenticate'), asked.text],
      ['Basic realm="the realm"', 'Unauthorized'],
    )
    for (const wrong of ['ada:pass', 'eva:pass:word', 'ada']) {
      assert.match((await site.get('/', basic(wrong))).statusLine, / 401 /, wrong)
    }
    const right = await site.get('/', basic('ada:pass:word'))
    assert.deepEqual([right.statusLine, header(right, 'X-User')], ['HTTP/1.1 200 OK', 'ok'])
  })

  test('takes a file of htpasswd -s, and sees its changes', async t => {
    const file = join(tempDir(t), 'users')
    const line = (user: string, password: string) =>
      `${user}:{SHA}${createHash('sha1').update(password).digest('base64')}\n`
    writeFileSync(file, `${line('ada', 'one')}old:$apr1$x$y\n`)
    const site = await startSite(t, `route-run = basicauth:r,${file}`)
    assert.match(site.router.warnings.join(), /the password of "old" is not of htpasswd -s/)
    assert.match((await site.get('/', basic('ada:one'))).statusLine, / 200 /)
    assert.match((await site.get('/', basic('old:x'))).statusLine, / 401 /)
    writeFileSync(file, line('ada', 'two'))
    utimesSync(file, MODIFIED, MODIFIED)
    assert.match((await site.get('/', basic('ada:one'))).statusLine, / 401 /)
    assert.match((await site.get('/', basic('ada:two'))).statusLine, / 200 /)
  })

  test('as basicauth-next leaves wrong credentials to the next rule', async t => {
    const rules = 'route-run = basicauth-next:r,a:1\nroute-run = basicauth:r,b:2'
    const site = await startSite(t, rules)
    for (const right of ['a:1', 'b:2']) {
      assert.match((await site.get('/', basic(right))).statusLine, / 200 /, right)
    }
    assert.match((await site.get('/', basic('a:2'))).statusLine, / 401 /)
  })
})

describe('expires', () => {
  test('adds the date of a file, of a moment, or both with seconds', async t => {
    const file = join(tempDir(t), 'f')
    writeFileSync(file, '')
    utimesSync(file, MODIFIED, MODIFIED)
    const site = await startSite(
      t,
      `route = ^/file expires:file=${file},value=60
route = ^/unix expires:unix=1000000000,value=1
route = ^/none expires:filename=${file}-none`,
    )
    assert.equal(header(await site.get('/file'), 'Expires'), 'Sat, 21 Nov 2026 20:54:02 GMT')
    assert.equal(header(await site.get('/unix'), 'Expires'), 'Sun, 09 Sep 2001 01:46:41 GMT')
    assertNothing(await site.get('/none'))
  })
})

describe('the error chain', () => {
  test('replaces responses of the application and of rules, by their status', async t => {
    const page = join(tempDir(t), 'page')
    writeFileSync(page, 'the page')
    const site = await startSite(
      t,
      `route = ^/rule return:403
error-route-status = 404 redirect:/home
error-route-status = 403 static:${page}
error-route-status = 500 clearheaders:503 Busy
error-route-status = 503 addheader:Retry-After: 5
error-route-status = 503 break:
error-route-status = 410 addheader:X-Gone: 1`,
      {
        application: (request, response) => {
          response.writeHead(Number(request.url?.slice(1)), { 'X-App': '1' })
          response.write('the body ')
          response.end('of the application')
        },
      },
    )
    const found = await site.get('/404')
    assert.deepEqual([header(found, 'Location'), header(found, 'X-App')], ['/home', undefined])
    assert.deepEqual([found.statusLine, found.text], ['HTTP/1.1 302 Found', 'Moved'])
    for (const path of ['/403', '/rule']) assert.equal((await site.get(path)).text, 'the page')
    const busy = await site.get('/500')
    assert.deepEqual([busy.statusLine, header(busy, 'Retry-After')], ['HTTP/1.1 503 Busy', '5'])
    const gone = await site.get('/410')
    assert.equal(gone.text, 'the body of the application')
    assert.deepEqual([header(gone, 'X-App'), header(gone, 'X-Gone')], ['1', '1'])
    assert.equal((await site.get('/200')).text, 'the body of the application')
  })

  test('is listed after the request chain', async t => {
    const { router } = await startSite(t, 'error-route-run = log:x\nroute-run = log:y')
    assert.deepEqual(
      router.description.filter(line => line.startsWith('***')),
      [
        '*** dumping internal routing table ***',
        '*** end of the internal routing table ***',
        '*** dumping internal error routing table ***',
        '*** end of the internal error routing table ***',
      ],
    )
  })
})

describe('options for all responses and files', () => {
  test('add-header adds to responses of the application, of rules, and to files', async t => {
    const root = tempDir(t)
    writeFileSync(join(root, 'f'), 'x')
    const options = `add-header = X-A: 1\nadd-header = X-B:2\ncheck-static = ${root}\n`
    const site = await startSite(t, `${options}route = ^/rule return:403`)
    for (const path of ['/', '/rule', '/f']) {
      const answer = await site.get(path)
      assert.deepEqual([header(answer, 'X-A'), header(answer, 'X-B')], ['1', '2'], path)
    }
    await assert.rejects(
      startSite(t, 'add-header = X-A'),
      refusal(/add-header: must be "Name: value"/),
    )
  })

  test('static-index serves the first file that a directory has', async t => {
    const root = tempDir(t)
    for (const name of ['a', 'b', 'empty']) mkdirSync(join(root, name))
    writeFileSync(join(root, 'a/index.html'), 'html')
    writeFileSync(join(root, 'a/default'), 'default')
    writeFileSync(join(root, 'b/default'), 'default b')
    const options = `check-static = ${root}\nstatic-index = index.html\nstatic-index = default\n`
    const site = await startSite(t, `${options}route = ^/s/(.*) static:${root}/$1`)
    const texts = ['/a/', '/a', '/b/', '/s/a/'].map(async path => (await site.get(path)).text)
    assert.deepEqual(await Promise.all(texts), ['html', 'html', 'default b', 'html'])
    assert.ok((await site.get('/empty/')).headers.includes('X-App: 1'))
  })

  test('static-expires sets Expires by path, URI or type, from now or from the change', async t => {
    const root = tempDir(t)
    for (const name of ['a.css', 'b.txt', 'c']) {
      writeFileSync(join(root, name), 'x')
      utimesSync(join(root, name), MODIFIED, MODIFIED)
    }
    writeFileSync(join(root, 'types'), 'text/css css')
    const site = await startSite(
      t,
      `check-static = ${root}
mime-file = ${root}/types
static-expires-mtime = \\.txt$ 3600
static-expires-uri = v=2$ 60
static-expires-type-mtime = text/css=1`,
    )
    assert.equal(header(await site.get('/b.txt'), 'Expires'), 'Sat, 21 Nov 2026 21:53:02 GMT')
    assert.equal(header(await site.get('/a.css'), 'Expires'), 'Sat, 21 Nov 2026 20:53:03 GMT')
    const inMinute = new Date(site.clock.nowMs() + 60_000).toUTCString()
    assert.equal(header(await site.get('/c?v=2'), 'Expires'), inMinute)
    assert.equal(header(await site.get('/c'), 'Expires'), undefined)
    for (const [option, message] of [
      ['static-expires = x', /must be REGEX SECONDS; got "x"/],
      ['static-expires = ( 1', /pcre error/],
      ['static-expires-type = a/b 1', /must be TYPE=SECONDS/],
    ] as const) {
      await assert.rejects(startSite(t, option), refusal(message), option)
    }
  })
})
