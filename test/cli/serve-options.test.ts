/**
 * Options of caches, as the clients of a running `serve` and the readers of its output see them.
 */

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { RemoteCache } from '../../src/client/index.ts'
import { until } from '../../testing/deadline.ts'
import { exchange } from '../../testing/raw-client.ts'
import type { Scope } from '../../testing/scope.ts'
import { type ServeProcess, serve } from '../../testing/serve-process.ts'
import { memoryDir, tempDir } from '../../testing/temp-dir.ts'

/** A server with this cache, called a, and a client. */
async function serveCache(
  t: Scope,
  cache2: string,
  ...more: string[]
): Promise<ServeProcess & { cache: RemoteCache }> {
  const sizes = `name=a,blocksize=64,keysize=64,${cache2}`
  const args = ['--cache2', sizes, '--directory', memoryDir(t), ...more]
  const served = await serve(t, ...args)
  return { ...served, cache: await RemoteCache.connect(`a@${served.address}`) }
}

test('the sizes and the hash of a definition are those of the cache', async t => {
  const stats = join(tempDir(t), 'stats.sock')
  const definitions = [
    ...['--cache2', 'name=bits,items=20,blocksize=65536,keysize=60,bitmap=1,blocks=30'],
    ...['--cache2', 'name=two,items=5,hash=murmur2', '--cache', '7', '--cache-blocksize', '100'],
  ]
  await serve(t, ...definitions, '--stats', stats, '--directory', memoryDir(t))
  const { caches } = JSON.parse(await text(connect(stats)))
  const told = caches.map((each: Record<string, unknown>) =>
    ['name', 'max_items', 'blocks', 'blocksize', 'keysize', 'hash'].map(name => each[name]).join(),
  )
  assert.deepEqual(told, [
    'default,7,7,100,2048,seeded',
    'bits,20,30,65536,60,seeded',
    'two,5,5,65536,2048,murmur2',
  ])
})

test('a packet beyond buffer-size leaves a line in the log, also without workers', async t => {
  const { service, address } = await serveCache(t, 'items=5')
  const oversized = Buffer.concat([Buffer.from([111, 0x88, 0x13, 17]), Buffer.alloc(5000)])
  await exchange(address, oversized)
  const line = 'invalid request block size: 5000 (max 4096)...skip'
  await service.waitFor('the line', output => output.includes(line) || undefined)
})

test('no_expire, purge_lru and cache-no-expire make items that never end', async t => {
  const lifeOf = async (cache2: string, ...more: string[]) => {
    const { cache } = await serveCache(t, cache2, ...more)
    await using one = cache
    await one.set('k', 'v', { ttlMs: 60_000 })
    return one.ttlMs('k')
  }
  assert.ok(((await lifeOf('items=5')) ?? 0) <= 60_000)
  assert.equal(await lifeOf('items=5,no_expire=1'), Number.POSITIVE_INFINITY)
  assert.equal(await lifeOf('items=5,purge_lru=1'), Number.POSITIVE_INFINITY)
  assert.equal(await lifeOf('items=5', '--cache-no-expire'), Number.POSITIVE_INFINITY)
})

test('math_initial is what counters begin at, unless the client says otherwise', async t => {
  const { cache } = await serveCache(t, 'items=10,math_initial=-5')
  await using one = cache
  assert.equal(await one.increment('n'), -4)
  assert.equal(await one.increment('n'), -3)
  assert.equal(await one.multiply('m', 3), -15)
  assert.equal(await one.increment('o', 1, { initial: 0 }), 1)
})

test('clear_on_full clears once, and stores', async t => {
  const { cache } = await serveCache(t, 'items=4,clear_on_full=1')
  await using one = cache
  for (const key of ['a', 'b', 'c', 'd']) assert.equal(await one.set(key, 'v'), true)
  assert.deepEqual((await one.keyPage(0, 10)).keys, [Buffer.from('d')])
  assert.equal((await one.stats()).full, 1)
})

test('sweep_on_full is what happens anyway: expired items make room', async t => {
  const never = ['--cache-expire-freq', '86400']
  const { cache, service } = await serveCache(t, 'items=4,sweep_on_full=60', ...never)
  await using one = cache
  assert.match(service.output(), /sweep_on_full has no meaning here\. .*here always/)
  for (const key of ['a', 'b', 'c']) await one.set(key, 'v', { ttlMs: key === 'c' ? 1 : Infinity })
  await until('c has expired', async () => !(await one.has('c')))
  assert.equal((await one.stats()).items, 3)
  assert.equal(await one.set('d', 'v'), true)
  assert.equal(await one.set('e', 'v'), false)
  const { expired, evicted, full } = await one.stats()
  assert.deepEqual({ expired, evicted, full }, { expired: 1, evicted: 0, full: 1 })
})

test('lastmod and cache-use-last-modified are told by the stats server, in seconds', async t => {
  const old = ['--cache', '5', '--cache-blocksize', '64', '--cache-use-last-modified']
  const stats = ['--stats', join(tempDir(t), 'stats.sock')]
  const { cache, service, address } = await serveCache(t, 'items=10,lastmod=1', ...old, ...stats)
  await using one = cache
  await using other = await RemoteCache.connect(`default@${address}`)
  const told = async () => {
    const { caches } = JSON.parse(await text(connect(stats[1] ?? '')))
    return caches.map((each: { last_modified_at: number }) => each.last_modified_at)
  }
  assert.deepEqual(await told(), [0, 0], service.output())
  const before = Math.floor(Date.now() / 1000)
  await one.set('k', 'v')
  const [, changedAt] = await told()
  assert.ok(changedAt >= before && changedAt <= Date.now() / 1000)
  await other.set('k', 'v')
  const [otherAt, again] = await told()
  assert.equal(again, changedAt)
  assert.ok(otherAt >= changedAt)
})

test('cache-report-freed-items says how many items each sweep freed', async t => {
  const args = ['--cache-expire-freq', '1', '--cache-report-freed-items']
  const { cache, service } = await serveCache(t, 'items=1000', ...args)
  await using one = cache
  const keys = Array.from({ length: 700 }, (_, i) => `k${i}`)
  // Long enough for all of them to be there when the first has expired.
  await Promise.all(keys.map(key => one.set(key, 'v', { ttlMs: 2000 })))
  const sum = () => {
    const lines = service.output().matchAll(/^freed (\d+) items for cache "a"$/gm)
    return [...lines].reduce((freed, [, count]) => freed + Number(count), 0)
  }
  await until('all are freed', () => sum() === 700)
  assert.equal((await one.stats()).items, 0)
})

test('a full cache is told of in a line, unless ignore_full is on', async t => {
  const quiet = ['--cache2', 'name=b,items=3,blocksize=64,keysize=64,ignore_full=1']
  const { cache, service, address } = await serveCache(t, 'items=3', ...quiet)
  await using one = cache
  await using other = await RemoteCache.connect(`b@${address}`)
  for (const key of ['a', 'b', 'c']) await other.set(key, 'v')
  for (const key of ['a', 'b', 'c']) await one.set(key, 'v')
  await service.waitFor('to tell', text => text.includes('DANGER cache "a" is FULL') || undefined)
  assert.equal((await other.stats()).full, 1)
  assert.doesNotMatch(service.output(), /cache "b" is FULL/)
})

test('files and items of an INI file are there from the start, also at the next start', async t => {
  const [home, directory] = [tempDir(t), memoryDir(t)]
  const page = join(home, 'page.html')
  writeFileSync(join(home, 'empty.html'), '')
  const ini = join(home, 'app.ini')
  const sizes = 'bitmap=1,items=100,blocksize=100,blocks=200'
  writeFileSync(
    ini,
    `[uwsgi]
cache2 = name=files,${sizes}
cache2 = name=compressedfiles,${sizes}
for-glob = %d*.html
load-file-in-cache = files %(_)
load-file-in-cache-gzip = compressedfiles %(_)
endfor =
load-file-in-cache = files %dabsent
add-cache-item = greeting=hello
add-cache-item = v=one two
`,
  )
  for (const content of ['<p>first</p>', '<p>second</p>']) {
    writeFileSync(page, content)
    const { service, address } = await serve(t, ini, '--directory', directory)
    await using files = await RemoteCache.connect(`files@${address}`)
    await using compressed = await RemoteCache.connect(`compressedfiles@${address}`)
    assert.equal(String(await files.get(page)), content)
    assert.equal(String(gunzipSync((await compressed.get(page)) as Buffer)), content)
    assert.equal(String(await compressed.get('greeting')), 'hello')
    const output = service.output()
    assert.match(output, /\[cache-error\] unable to store ".*empty\.html" in "files": it is empty/)
    assert.match(output, /\*\*\* cannot read ".*absent", so cache "files" starts without it/)
    assert.match(output, /app\.ini:10: add-cache-item: there is no cache "v=one"/)
    await service.stop()
  }
})
