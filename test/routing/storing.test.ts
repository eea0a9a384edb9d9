/**
 * Which responses cachestore keeps: not what was meant for one user.
 */

import assert from 'node:assert/strict'
import type { RequestListener } from 'node:http'
import { describe, test } from 'node:test'
import { startSite } from './site.ts'

const CACHE = 'cache2 = name=c,items=100'

describe('what uWSGI stores and this does not, unless told to', () => {
  const answers: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    '/cookie': { 'Set-Cookie': 'id=1' },
    '/private': { 'Cache-Control': 'max-age=60, private' },
    '/no-store': { 'Cache-Control': 'No-Store' },
    '/coded': { 'Content-Encoding': 'gzip' },
    '/public': { 'Cache-Control': 'public' },
  }
  const application: RequestListener = (request, response) => {
    response.writeHead(200, answers[request.url ?? '']).end('answer')
  }
  const paths = Object.keys(answers)

  for (const [extra, stored] of [
    ['', ['/public']],
    [',force=1', paths],
  ] as const) {
    test(`with "${extra}": ${stored.join(' ')}`, async t => {
      const site = await startSite(
        t,
        `${CACHE}\nroute-run = cachestore:key=\${PATH_INFO}${extra}`,
        { application },
      )
      for (const path of paths) assert.equal((await site.get(path)).text, 'answer')
      assert.deepEqual(
        paths.filter(path => site.value('c', path) !== undefined),
        stored,
      )
    })
  }

  test('an answer to credentials, unless the key names the user or it is public', async t => {
    const site = await startSite(
      t,
      `${CACHE}
route = ^/mine cachestore:key=for \${REMOTE_USER}
route-run = cachestore:key=\${PATH_INFO}`,
      { application },
    )
    const authorization = { Authorization: 'Basic Ym9iOmE=' }
    for (const path of ['/plain', '/public', '/mine']) {
      await site.get(path, authorization)
    }
    const stored = ['/plain', '/public', '/mine', 'for '].filter(
      key => site.value('c', key) !== undefined,
    )
    assert.deepEqual(stored, ['/public', 'for '])
  })
})
