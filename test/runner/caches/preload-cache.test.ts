import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { preloadCache } from '../../../src/runner/caches/preload-cache.ts'
import type { Preload } from '../../../src/uwsgi/options/index.ts'
import { tempDir } from '../../../testing/temp-dir.ts'
import { FakeCache } from '../../cli/fake-cache.ts'

const item = (key: string, value: string): Preload => ({ kind: 'item', key, value })
const file = (path: string, isGzipped = false): Preload => ({ kind: 'file', path, isGzipped })

interface Origins {
  readonly store?: string
  readonly sync?: readonly string[]
}

/** Fills it, and what was logged meanwhile. */
async function fill(cache: FakeCache, preloads: readonly Preload[], origins: Origins = {}) {
  const log: string[] = []
  await preloadCache(cache, { preloads, sync: [], ...origins }, line => log.push(line))
  return log
}

const storedIn = (cache: FakeCache, key: string) => cache.getItem(key)?.bytes

describe('filling a cache at start', () => {
  test('stores items and files, and says so in the words of uWSGI', async t => {
    const cache = new FakeCache('a')
    const path = join(tempDir(t), 'page.html')
    const text = 'the page '.repeat(5)
    writeFileSync(path, text)
    const log = await fill(cache, [file(path), item('k', 'v=1 2')])
    assert.deepEqual(log, [`[cache] stored "${path}" in "a"`, '[cache] stored "k" in "a"'])
    assert.deepEqual(storedIn(cache, path), Buffer.from(text))
    assert.deepEqual(storedIn(cache, 'k'), Buffer.from('v=1 2'))
    const other = new FakeCache('b')
    const lines = await fill(other, [file(path, true)])
    assert.deepEqual(lines, [`[cache-gzip] stored "${path}" in "b"`])
    assert.equal(String(gunzipSync(storedIn(other, path) ?? '')), text)
  })

  test('compresses a file that would be too large as it is', async t => {
    const cache = new FakeCache('a')
    const path = join(tempDir(t), 'zeros')
    writeFileSync(path, Buffer.alloc(5000))
    assert.match(
      String(await fill(cache, [file(path)])),
      /^\[cache-error\] unable to store .*larger/,
    )
    assert.match(String(await fill(cache, [file(path, true)])), /^\[cache-gzip\] stored/)
    assert.deepEqual(gunzipSync(storedIn(cache, path) ?? ''), Buffer.alloc(5000))
  })

  test('says what it cannot store and why, and goes on', async t => {
    const cache = new FakeCache('a', 2)
    const empty = join(tempDir(t), 'empty')
    writeFileSync(empty, '')
    const log = await fill(cache, [
      file(empty),
      file(empty, true),
      item('k', ''),
      item('k', 'x'.repeat(65)),
      item('k', 'first'),
      item('k', 'second'),
      item('l', 'v'),
      item('m', 'v'),
    ])
    assert.deepEqual(log, [
      `[cache-error] unable to store "${empty}" in "a": it is empty`,
      `[cache-error] unable to store "${empty}" in "a": it is empty`,
      '[cache-error] unable to store "k" in "a": it is empty',
      '[cache-error] unable to store "k" in "a": too large for the fake',
      '[cache] stored "k" in "a"',
      '[cache-error] unable to store "k" in "a": the key is taken',
      '[cache] stored "l" in "a"',
      '[cache-error] unable to store "m" in "a": the cache is full',
    ])
    assert.deepEqual(storedIn(cache, 'k'), Buffer.from('first'))
  })

  test('says loudly what it cannot read, and waits for no pipe', async t => {
    const cache = new FakeCache('a')
    const directory = tempDir(t)
    const pipe = join(directory, 'pipe')
    execFileSync('mkfifo', [pipe])
    mkdirSync(join(directory, 'folder'))
    const paths = ['absent', 'folder', 'pipe'].map(name => join(directory, name))
    const log = await fill(cache, [...paths.map(path => file(path)), item('k', 'v')])
    assert.match(
      log[0] ?? '',
      /^\*\*\* cannot read ".*absent", so cache "a" starts without.*ENOENT/,
    )
    assert.match(
      log[1] ?? '',
      /^\*\*\* cannot read ".*folder", .* it is not a regular file \*\*\*$/,
    )
    assert.match(log[2] ?? '', /^\*\*\* cannot read ".*pipe", .* it is not a regular file \*\*\*$/)
    assert.equal(log[3], '[cache] stored "k" in "a"')
  })

  test('overwrites what an earlier run left, but not what a store or server gave', async () => {
    const old = Buffer.from('old')
    for (const [origins, value] of [
      [{}, 'new'],
      [{ store: '/s' }, 'old'],
      [{ sync: ['a:1'] }, 'old'],
    ] as const) {
      const cache = new FakeCache('a')
      cache.set('k', old)
      const [line] = await fill(cache, [item('k', 'new')], origins)
      assert.equal(String(storedIn(cache, 'k')), value)
      assert.match(line ?? '', value === 'new' ? /^\[cache\] stored/ : /^\[cache-error\] .* taken/)
    }
  })
})
