import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type CacheComponentsEntry,
  createCacheComponentsHandler,
} from '../../../src/adapters/next/cache-components.ts'
import { Cache } from '../../../src/index.ts'
import { memoryDir } from '../../../testing/temp-dir.ts'
import { warningsOf } from '../warnings.ts'
import { openNext, startServers } from './next-setting.ts'

function entry(
  timestamp: number,
  text: string,
  more: Partial<CacheComponentsEntry> = {},
): CacheComponentsEntry {
  const value = new Blob([text]).stream() as unknown as ReadableStream<Uint8Array>
  return { value, tags: [], stale: 30, timestamp, expire: 3600, revalidate: 60, ...more }
}

const textOf = (found: CacheComponentsEntry | undefined) =>
  found === undefined ? undefined : new Response(found.value).text()

describe('the handler of use cache', () => {
  test('gives each caller a stream of its own, until expire', async t => {
    const { entries, clock } = openNext(t)
    await entries.set('k', Promise.resolve(entry(clock.nowMs(), 'hello', { tags: ['a'] })))
    const [one, two] = [await entries.get('k', []), await entries.get('k', [])]
    assert.deepEqual([await textOf(one), await textOf(two)], ['hello', 'hello'])
    assert.deepEqual(
      { ...one, value: 0 },
      { ...entry(clock.nowMs(), '', { tags: ['a'] }), value: 0 },
    )
    clock.advance(3_599_999)
    assert.ok(await entries.get('k', []))
    clock.advance(1)
    assert.equal(await entries.get('k', []), undefined)
  })

  test('lets a get wait for a set that is under way', async t => {
    const { entries, clock } = openNext(t)
    const pending = deferred()
    const set = entries.set('k', pending.promise)
    const get = entries.get('k', [])
    pending.resolve(entry(clock.nowMs(), 'late'))
    await set
    assert.equal(await textOf(await get), 'late')
  })

  test('stores nothing of a render that fails, half-way or at once, and rejects never', async t => {
    const { entries, clock } = openNext(t)
    await entries.set('k', Promise.reject(new Error('no entry')))
    const value = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(Buffer.from('half'))
        controller.error(new Error('cut'))
      },
    })
    await entries.set('k', Promise.resolve(entry(clock.nowMs(), '', { value })))
    await entries.set('k', Promise.resolve(entry(clock.nowMs(), 'dynamic', { expire: 0 })))
    assert.equal(await entries.get('k', []), undefined)
  })

  test('ends an entry whose tag was updated, and says that a stale one is', async t => {
    const { entries, clock } = openNext(t)
    await entries.set('k', Promise.resolve(entry(clock.nowMs(), 'v', { tags: ['x'] })))
    clock.advance(1)
    await entries.updateTags(['x'], { expire: 300 })
    assert.equal((await entries.get('k', []))?.revalidate, -1)
    clock.advance(300_000)
    assert.equal(await entries.get('k', []), undefined)
    await entries.set('k', Promise.resolve(entry(clock.nowMs(), 'v', { tags: ['x'] })))
    assert.equal((await entries.get('k', []))?.revalidate, 60)
    clock.advance(1)
    await entries.updateTags(['x'])
    assert.equal(await entries.get('k', []), undefined)
  })

  test('answers when soft tags expired, and never a time that is to come', async t => {
    const { entries, clock } = openNext(t)
    assert.equal(await entries.getExpiration(['_N_T_/a', '_N_T_/b']), 0)
    await entries.updateTags(['_N_T_/a'])
    const expiredAtMs = clock.nowMs()
    clock.advance(5)
    await entries.updateTags(['_N_T_/b'], { expire: 60 })
    assert.equal(await entries.getExpiration(['_N_T_/a', '_N_T_/b']), expiredAtMs)
    clock.advance(60_000)
    assert.equal(await entries.getExpiration(['_N_T_/a', '_N_T_/b']), clock.nowMs())
    await entries.refreshTags()
  })

  test('misses and stores nothing after its cache was closed, with one warning', async t => {
    const warnings = warningsOf(t)
    const cache = Cache.open({ name: 'closed', maxItems: 10, directory: memoryDir(t) })
    const entries = createCacheComponentsHandler({ cache })
    await entries.set('k', Promise.resolve(entry(Date.now(), 'v')))
    cache.close()
    assert.equal(await entries.get('k', []), undefined)
    await entries.set('k', Promise.resolve(entry(Date.now(), 'v')))
    await entries.updateTags(['x'])
    assert.equal(await entries.getExpiration(['x']), 0)
    assert.deepEqual(warnings(), ['UNDERCROFT_CLOSED'])
  })

  test('shares entries and updates with other processes', async t => {
    const { first, second, entries } = await startServers(t)
    await entries.set('k', Promise.resolve(entry(Date.now(), 'shared', { tags: ['x'] })))
    assert.equal(await first.ask({ kind: 'get entry', key: 'k' }), 'shared')
    await first.ask({ kind: 'update', tag: 'x' })
    assert.equal(await second.ask({ kind: 'get entry', key: 'k' }), null)
  })
})

function deferred(): {
  promise: Promise<CacheComponentsEntry>
  resolve: (value: CacheComponentsEntry) => void
} {
  let resolve: (value: CacheComponentsEntry) => void = () => {}
  const promise = new Promise<CacheComponentsEntry>(settle => {
    resolve = settle
  })
  return { promise, resolve }
}
