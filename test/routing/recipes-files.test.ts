/**
 * uWSGI's caching cookbook, the recipes with files; see recipes.test.ts.
 */

import assert from 'node:assert/strict'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { tempDir } from '../support/temp-dir.ts'
import { assertCached, assertFresh, assertNothing, html } from './answers.ts'
import { startSite } from './site.ts'

const FOR_GZIP = `route-if = contains:\${HTTP_ACCEPT_ENCODING};gzip`
const GZIP = { 'Accept-Encoding': 'gzip, deflate' }

describe('R5: files that were put into a cache, and no application', () => {
  const rules = `cache2 = name=files,bitmap=1,items=1000,blocksize=10000,blocks=2000
route-run = cache:key=\${REQUEST_URI},name=files`

  test('a file is an answer; anything else closes the connection, and is logged', async t => {
    const site = await startSite(t, rules, { application: null })
    site.cache('files').set('/srv/www/index.html', Buffer.from('<h1>hello</h1>'))
    assertCached(await site.get('/srv/www/index.html'), html('<h1>hello</h1>'), '<h1>hello</h1>')
    assertNothing(await site.get('/nope'))
    assert.deepEqual(site.log, ['-- unavailable modifier requested: 0 --'])
  })
})

test('R6: plain and compressed files, and 404 for the rest', async t => {
  const site = await startSite(
    t,
    `plugins = 0:notfound
cache2 = name=files,bitmap=1,items=1000,blocksize=10000,blocks=2000
cache2 = name=compressedfiles,bitmap=1,items=1000,blocksize=10000,blocks=2000
${FOR_GZIP} cache:key=\${REQUEST_URI},name=compressedfiles,content_encoding=gzip
route-run = cache:key=\${REQUEST_URI},name=files`,
    { application: null },
  )
  const coded = gzipSync('<p>page</p>')
  site.cache('files').set('/www/a.html', Buffer.from('<p>page</p>'))
  site.cache('compressedfiles').set('/www/a.html', coded)
  assertCached(await site.get('/www/a.html'), html('<p>page</p>'), '<p>page</p>')
  const response = await site.get('/www/a.html', GZIP)
  const length = `Content-Length: ${coded.length}`
  assert.deepEqual(response.headers, ['Content-Type: text/html', 'Content-Encoding: gzip', length])
  assert.deepEqual(response.body, coded)
  const missing = await site.get('/nope')
  assert.equal(missing.statusLine, 'HTTP/1.1 404 Not Found')
  assert.deepEqual(missing.headers, ['Connection: close', 'Content-Type: text/plain'])
  assert.equal(missing.text, 'Not Found')
  assert.equal(missing.isClosed, true)
})

for (const form of ['filename=', '']) {
  test(`R9: pages become files and are served from them (tofile:${form}<path>)`, async t => {
    const directory = join(tempDir(t), 'pages')
    mkdirSync(directory)
    const path = `${directory}/\${hex[PATH_INFO]}.html`
    const site = await startSite(
      t,
      `route-if = isfile:${path} static:${path}\nroute-run = tofile:${form}${path}`,
    )
    assertFresh(await site.get('/ab'), 'page /ab q= user=- hit=1')
    assert.ok(existsSync(join(directory, '2F6162.html')))
    const second = await site.get('/ab')
    assert.equal(second.text, 'page /ab q= user=- hit=1')
    assert.match(second.headers.join('\n'), /^Content-Length: 24\nLast-Modified: [^\n]* GMT$/)
    assert.equal(site.hits(), 1)
  })
}
