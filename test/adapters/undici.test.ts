import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { finished } from 'node:stream/promises'
import { describe, type TestContext, test } from 'node:test'
import { Agent, interceptors, request } from 'undici'
import { UndercroftCacheStore } from '../../src/adapters/undici.ts'
import { Cache, type CacheOptions } from '../../src/index.ts'
import { Child } from '../../testing/child.ts'
import { ManualClock } from '../../testing/manual-clock.ts'
import { onEnd } from '../../testing/scope.ts'
import { memoryDir } from '../../testing/temp-dir.ts'
import type { Task } from './undici-child.ts'
import { warningsOf } from './warnings.ts'

let serial = 0

function open(t: TestContext, own: object = {}) {
  const clock = new ManualClock()
  const name = `undici-${process.pid}-${++serial}`
  const options = { name, maxItems: 100, memory: 'private', clock, ...own } as const
  const store = new UndercroftCacheStore(options)
  onEnd(t, () => store.close())
  return { store, clock }
}

const keyOf = (headers: Record<string, string | string[]> = {}, more: object = {}) => ({
  origin: 'https://example.org',
  method: 'GET',
  path: '/',
  headers,
  ...more,
})

function put(
  store: UndercroftCacheStore,
  nowMs: number,
  body: string,
  { vary, headers = {}, ttlMs = 1000, key = keyOf(headers) }: PutOptions = {},
): Promise<void> {
  const stream = store.createWriteStream(key, {
    ...{ statusCode: 200, statusMessage: 'OK', headers: { 'content-type': 'text/plain' } },
    ...(vary === undefined ? {} : { vary }),
    ...{ cachedAt: nowMs, staleAt: nowMs + ttlMs / 2, deleteAt: nowMs + ttlMs },
  })
  stream.end(body)
  return finished(stream)
}

interface PutOptions {
  readonly vary?: Record<string, string | string[] | null>
  readonly headers?: Record<string, string | string[]>
  readonly ttlMs?: number
  readonly key?: ReturnType<typeof keyOf>
}

function bodyOf(found: ReturnType<UndercroftCacheStore['get']>): string | undefined {
  return found && Buffer.concat([...(found.body as Buffer[])]).toString()
}

describe('the store of undici', () => {
  test('gives each caller a body of its own, as a list of pieces, until deleteAt', async t => {
    const { store, clock } = open(t)
    await put(store, clock.nowMs(), 'hello')
    const first = store.get(keyOf())
    assert.equal(first?.statusCode, 200)
    assert.deepEqual(first?.headers, { 'content-type': 'text/plain' })
    assert.equal(bodyOf(first), 'hello')
    const [piece] = (first?.body ?? []) as Buffer[]
    piece?.fill(0)
    assert.equal(bodyOf(store.get(keyOf())), 'hello')
    clock.advance(999)
    assert.equal(bodyOf(store.get(keyOf())), 'hello')
    clock.advance(1)
    assert.equal(store.get(keyOf()), undefined)
  })

  test('tells variants apart by every field, lists included, and methods', async t => {
    const { store, clock } = open(t)
    const now = clock.nowMs()
    for (const accept of ['text/html', 'text/plain']) {
      await put(store, now, accept, { vary: { accept }, headers: { accept } })
    }
    await put(store, now, 'a list', {
      vary: { accept: ['a', 'b'] },
      headers: { accept: ['a', 'b'] },
    })
    await put(store, now, 'no accept', { vary: { accept: null } })
    assert.equal(bodyOf(store.get(keyOf({ accept: 'text/html' }))), 'text/html')
    assert.equal(bodyOf(store.get(keyOf({ accept: 'text/plain' }))), 'text/plain')
    assert.equal(bodyOf(store.get(keyOf({ accept: ['a', 'b'] }))), 'a list')
    assert.equal(store.get(keyOf({ accept: ['b', 'a'] })), undefined)
    assert.equal(bodyOf(store.get(keyOf())), 'no accept')
    assert.equal(store.get(keyOf({ accept: 'text/html' }, { method: 'HEAD' })), undefined)
  })

  test('replaces what a new response matches, also if the fields of vary changed', async t => {
    const { store, clock } = open(t)
    await put(store, clock.nowMs(), 'for all')
    clock.advance(1)
    const accept = 'text/html'
    await put(store, clock.nowMs(), 'for html', { vary: { accept }, headers: { accept } })
    assert.equal(bodyOf(store.get(keyOf({ accept }))), 'for html')
    assert.equal(store.get(keyOf({ accept: 'text/plain' })), undefined)
    clock.advance(1)
    await put(store, clock.nowMs(), 'for html again', { vary: { accept }, headers: { accept } })
    assert.equal(bodyOf(store.get(keyOf({ accept }))), 'for html again')
  })

  test('keeps a variant to its end if one with a shorter life comes later', async t => {
    const { store, clock } = open(t)
    const now = clock.nowMs()
    await put(store, now, 'long', { vary: { a: '1' }, headers: { a: '1' }, ttlMs: 9000 })
    await put(store, now, 'short', { vary: { b: '1' }, headers: { b: '1' }, ttlMs: 10 })
    clock.advance(8000)
    assert.equal(bodyOf(store.get(keyOf({ a: '1' }))), 'long')
  })

  test('forgets all variants and methods of a URL', async t => {
    const { store, clock } = open(t)
    const head = keyOf({}, { method: 'HEAD' })
    await put(store, clock.nowMs(), 'get')
    await put(store, clock.nowMs(), '', { key: head })
    await put(store, clock.nowMs(), 'other', { key: keyOf({}, { path: '/other' }) })
    store.delete(keyOf())
    assert.equal(store.get(keyOf()), undefined)
    assert.equal(store.get(head), undefined)
    assert.equal(bodyOf(store.get(keyOf({}, { path: '/other' }))), 'other')
    await put(store, clock.nowMs(), 'get again')
    assert.equal(bodyOf(store.get(keyOf())), 'get again')
  })

  test('stores nothing of a stream that breaks off or is too long, and keeps the old', async t => {
    const { store, clock } = open(t, { maxEntrySize: 10 })
    await put(store, clock.nowMs(), 'old')
    const now = clock.nowMs()
    const value = { statusCode: 200, statusMessage: 'OK', headers: {}, cachedAt: now, staleAt: now }
    const broken = store.createWriteStream(keyOf(), { ...value, deleteAt: now + 1000 })
    broken.write('half')
    broken.destroy(new Error('cut'))
    await assert.rejects(finished(broken), /cut/)
    await put(store, now, 'longer than ten bytes')
    assert.equal(bodyOf(store.get(keyOf())), 'old')
  })

  test('misses and stores nothing after its cache was closed, with one warning', async t => {
    const warnings = warningsOf(t)
    const { store, clock } = open(t)
    await put(store, clock.nowMs(), 'v')
    store.close()
    await put(store, clock.nowMs(), 'v')
    store.delete(keyOf())
    assert.equal(store.get(keyOf()), undefined)
    assert.deepEqual(warnings(), ['UNDERCROFT_CLOSED'])
  })

  test('loses no variant when several processes add theirs at once', async t => {
    const options = { name: 'undici', maxItems: 1000, directory: memoryDir(t) }
    using cache = Cache.open(options)
    const children = await Promise.all([0, 1, 2].map(() => start(t, options)))
    const count = 5
    await Promise.all(
      children.map((child, index) => child.ask({ kind: 'add', field: `x-${index}`, count })),
    )
    const store = new UndercroftCacheStore({ cache })
    for (const field of ['x-0', 'x-1', 'x-2']) {
      for (let i = 0; i < count; i++) {
        assert.equal(bodyOf(store.get(keyOf({ [field]: String(i) }))), `${field} ${i}`)
      }
    }
  })

  test('answers a second client by what the first has fetched', async t => {
    let requests = 0
    const server = createServer((_, response) => {
      requests++
      response.setHeader('cache-control', 'max-age=60').end('hello')
    }).listen(0, '127.0.0.1')
    onEnd(t, () => server.close())
    await once(server, 'listening')
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    const cache = Cache.open({ name: 'fetched', maxItems: 100, directory: memoryDir(t) })
    onEnd(t, () => cache.close())
    for (let i = 0; i < 3; i++) {
      const store = new UndercroftCacheStore({ cache })
      const agent = new Agent()
      onEnd(t, () => agent.close())
      const dispatcher = agent.compose(interceptors.cache({ store }))
      const { body } = await request(url, { dispatcher })
      assert.equal(await body.text(), 'hello')
    }
    assert.equal(requests, 1)
  })
})

async function start(t: TestContext, options: CacheOptions): Promise<Child<Task, boolean>> {
  const child = await Child.start<Task, boolean>(t, new URL('./undici-child.js', import.meta.url))
  await child.ask({ kind: 'open', options })
  return child
}
