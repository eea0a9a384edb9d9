/**
 * uWSGI's caching cookbook, the recipes with files; see recipes.test.ts.
 */

import assert from 'node:assert/strict'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { tempDir } from '../../../testing/temp-dir.ts'
import { assertCached, assertFresh, assertNothing, html } from './answers.ts'
import { startSite } from './site.ts'

const FOR_GZIP = `route-if = contains:\${HTTP_ACCEPT_ENCODING};gzip`
const GZIP = { 'Accept-Encoding': 'gzip, deflate' }

test('R5: a file put into a cache at start, and no application', async t => {
  const path = join(tempDir(t), 'index.html')
  writeFileSync(path, '<h1>hello</h1>')
  const site = await startSite(
    t,
    `cache2 = name=files,bitmap=1,items=1000,blocksize=10000,blocks=2000
load-file-in-cache = files ${path}
route-run = cache:key=\${REQUEST_URI},name=files`,
    { application: null },
  )
  assertCached(await site.get(path), html('<h1>hello</h1>'), '<h1>hello</h1>')
  assertNothing(await site.get('/nope'))
  assert.deepEqual(site.log, [
    `[cache] stored "${path}" in "files"`,
    '-- unavailable modifier requested: 0 --',
  ])
})

test('R6: all pages of a directory, plain and compressed, and 404 for the rest', async t => {
  const directory = tempDir(t)
  const pages = ['a.html', 'b.html', 'empty.html'].map(name => join(directory, name))
  const [first = '', second = '', empty = ''] = pages
  writeFileSync(first, '<p>page</p>')
  writeFileSync(second, '<p>another page</p>')
  writeFileSync(empty, '')
  const site = await startSite(
    t,
    `plugins = 0:notfound
cache2 = name=files,bitmap=1,items=1000,blocksize=10000,blocks=2000
cache2 = name=compressedfiles,bitmap=1,items=1000,blocksize=10000,blocks=2000
for-glob = ${directory}/*.html
load-file-in-cache = files %(_)
load-file-in-cache-gzip = compressedfiles %(_)
endfor =
${FOR_GZIP} cache:key=\${REQUEST_URI},name=compressedfiles,content_encoding=gzip
route-run = cache:key=\${REQUEST_URI},name=files`,
    { application: null, paths: pages },
  )
  assertCached(await site.get(first), html('<p>page</p>'), '<p>page</p>')
  const { headers, body } = await site.get(second, GZIP)
  const length = `Content-Length: ${body.length}`
  assert.deepEqual(headers, ['Content-Type: text/html', 'Content-Encoding: gzip', length])
  assert.equal(gunzipSync(body).toString(), '<p>another page</p>')
  for (const missing of [await site.get('/nope'), await site.get(empty)]) {
    assert.equal(missing.statusLine, 'HTTP/1.1 404 Not Found')
    assert.deepEqual(missing.headers, ['Connection: close', 'Content-Type: text/plain'])
    assert.equal(missing.text, 'Not Found')
    assert.equal(missing.isClosed, true)
  }
  const refused = site.log.filter(line => line.startsWith('[cache-error] unable to store'))
  assert.equal(refused.length, 2, site.log.join('\n'))
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
