/**
 * uWSGI's caching cookbook, the recipes with users and sessions; see recipes.test.ts.
 */

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { tempDir } from '../../../testing/temp-dir.ts'
import { assertCached, assertFresh, assertNothing, html } from './answers.ts'
import { startSite } from './site.ts'

test('R7: only who is logged in, and to each what is theirs', async t => {
  const site = await startSite(
    t,
    `cache2 = name=mycache,items=100
route-if-not = empty:\${REMOTE_USER} goto:cacheme
route-run = break:
route-label = cacheme
route = ^/$ cache:key=myhome_for_\${REMOTE_USER},name=mycache
route = ^/$ cachestore:key=myhome_for_\${REMOTE_USER},name=mycache`,
    { variables: request => cgiVariables(request.url ?? '', request.headers['x-test-user']) },
  )
  const as = (user: string) => ({ 'X-Test-User': user })
  assertNothing(await site.get('/'))
  assertFresh(await site.get('/', as('bob')), 'page / q= user=bob hit=1')
  assertCached(
    await site.get('/', as('bob')),
    html('page / q= user=bob hit=1'),
    'page / q= user=bob hit=1',
  )
  assertFresh(await site.get('/', as('al')), 'page / q= user=al hit=2')
  assertFresh(await site.get('/x', as('al')), 'page /x q= user=al hit=3')
  assertFresh(await site.get('/x', as('al')), 'page /x q= user=al hit=4')
  assert.equal(site.cache('mycache').stats().items, 2)
})

/** As a web server in front says them; `Remote-User` sent by a client is only a header. */
function cgiVariables(url: string, user: string | string[] | undefined) {
  const variables = new Map([
    ['REQUEST_METHOD', 'GET'],
    ['REQUEST_URI', url],
    ['PATH_INFO', url],
    ['HTTP_REMOTE_USER', 'nobody'],
  ])
  if (typeof user === 'string') variables.set('REMOTE_USER', user)
  return variables
}

test('R8: only with a session whose file is there', async t => {
  const directory = tempDir(t)
  writeFileSync(join(directory, 'sess_good'), '')
  const key = `myhome_for_\${cookie[PHPSESSID]}`
  const site = await startSite(
    t,
    `cache2 = name=mycache,items=100
route-if-not = empty:\${cookie[PHPSESSID]} goto:cacheme
route-run = break:
route-label = cacheme
route-if-not = isfile:${directory}/sess_\${cookie[PHPSESSID]} break:
route = ^/$ cache:key=${key},name=mycache
route = ^/$ cachestore:key=${key},name=mycache`,
  )
  assertNothing(await site.get('/'))
  for (const cookie of [
    'PHPSESSID=unknown',
    'PHPSESSID="good"',
    'PHPSESSID=',
    'XPHPSESSID=good',
    'phpsessid=good',
    'a="PHPSESSID=good"',
  ]) {
    assertNothing(await site.get('/', { Cookie: cookie }))
  }
  const cookie = { Cookie: 'a=1; PHPSESSID=good; b=2' }
  assertFresh(await site.get('/', cookie), 'page / q= user=- hit=1')
  assertCached(
    await site.get('/', cookie),
    html('page / q= user=- hit=1'),
    'page / q= user=- hit=1',
  )
})
