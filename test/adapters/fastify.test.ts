import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import caching from '@fastify/caching'
import rateLimit from '@fastify/rate-limit'
import fastify from 'fastify'
import { abstractCache, rateLimitStore } from '../../src/adapters/fastify.ts'
import { Cache } from '../../src/index.ts'
import { ManualClock } from '../../testing/manual-clock.ts'
import { onEnd } from '../../testing/scope.ts'
import { memoryDir } from '../../testing/temp-dir.ts'
import { warningsOf } from './warnings.ts'

function open(t: TestContext): Cache {
  const cache = Cache.open({ name: 'fastify', maxItems: 1000, directory: memoryDir(t) })
  onEnd(t, () => cache.close())
  return cache
}

const callback = <T>(call: (done: (error: null, result: T) => void) => unknown) =>
  new Promise<T>((resolve, reject) => {
    call((error, result) => (error ? reject(error) : resolve(result)))
  })

describe('abstractCache', () => {
  test('calls back with a copy of the value, when it was stored, and its ttl', async t => {
    const clock = new ManualClock()
    const name = `abstract-${process.pid}`
    const cache = abstractCache({ name, maxItems: 10, memory: 'private', clock })
    onEnd(t, () => cache.stop())
    assert.equal(cache.await, false)
    const stored = clock.nowMs()
    await callback(done => cache.set('k', { list: [1] }, 1000, done))
    clock.advance(400)
    const found = await callback(done => cache.get('k', done))
    assert.deepEqual(found, { item: { list: [1] }, stored, ttl: 600 })
    assert.equal(await callback(done => cache.has('k', done)), true)
    clock.advance(600)
    assert.equal(await callback(done => cache.get('k', done)), null)
    assert.equal(await callback(done => cache.has('k', done)), false)
  })

  test('returns promises with useAwait', async t => {
    const cache = abstractCache({ cache: open(t), useAwait: true })
    assert.equal(cache.await, true)
    await cache.set('k', 'v', 1000)
    assert.equal((await cache.get('k'))?.item, 'v')
    await cache.delete('k')
    assert.equal(await cache.get('k'), null)
  })

  test('tells segments apart, whatever their names and ids', async t => {
    const cache = abstractCache({ cache: open(t), useAwait: true, segment: 'a' })
    await cache.set({ segment: 'a', id: 'b:c' }, 1, 1000)
    await cache.set({ segment: 'a:b', id: 'c' }, 2, 1000)
    assert.equal((await cache.get({ segment: 'a', id: 'b:c' }))?.item, 1)
    assert.equal((await cache.get('b:c'))?.item, 1)
    assert.equal((await cache.get({ segment: 'a:b', id: 'c' }))?.item, 2)
  })

  test('serves the ETags of @fastify/caching in two applications', async t => {
    const cache = open(t)
    const [first, second] = await Promise.all([0, 1].map(() => application(t, cache)))
    const answered = await first?.inject('/')
    assert.equal(answered?.statusCode, 200)
    const headers = { 'if-none-match': answered?.headers.etag as string }
    assert.equal((await second?.inject({ url: '/', headers }))?.statusCode, 304)
  })
})

async function application(t: TestContext, cache: Cache) {
  const app = fastify()
  onEnd(t, () => app.close())
  await app.register(caching, { cache: abstractCache({ cache }) as never })
  app.get('/', (_, reply) => {
    reply.etag('"hello"', 60_000).send('hello')
  })
  return app
}

describe('rateLimitStore', () => {
  test('counts over two applications, and each route on its own', async t => {
    const cache = open(t)
    const apps = await Promise.all(
      [0, 1].map(async () => {
        const app = fastify()
        onEnd(t, () => app.close())
        const store = rateLimitStore({ cache })
        await app.register(rateLimit, { max: 4, timeWindow: 60_000, store: store as never })
        app.get('/', () => 'hello')
        const config = { rateLimit: { max: 1, timeWindow: 60_000 } }
        app.get('/narrow', { config }, () => 'hello')
        return app
      }),
    )
    const statuses: (number | undefined)[] = []
    for (let i = 0; i < 6; i++) statuses.push((await apps[i % 2]?.inject('/'))?.statusCode)
    assert.deepEqual(statuses, [200, 200, 200, 200, 429, 429])
    assert.equal((await apps[0]?.inject('/narrow'))?.statusCode, 200)
    assert.equal((await apps[1]?.inject('/narrow'))?.statusCode, 429)
  })

  test('reads a count without a hit, and prolongs a window as the limit says', async t => {
    const clock = new ManualClock()
    const options = {
      name: `limit-${process.pid}`,
      maxItems: 64,
      memory: 'private',
      clock,
    } as const
    const cache = Cache.open(options)
    onEnd(t, () => cache.close())
    const Store = rateLimitStore(options)
    const usual = new Store({})
    const hit = (store: InstanceType<typeof Store>) =>
      callback<{ current: number; ttl: number }>(done => store.incr('k', done, 1000, 1))
    const read = (store: InstanceType<typeof Store>) =>
      callback<{ current: number; ttl: number }>(done => store.read('k', done))
    assert.deepEqual(await read(usual), { current: 0, ttl: 0 })
    assert.deepEqual(await hit(usual), { current: 1, ttl: 1000 })
    clock.advance(400)
    assert.deepEqual(await hit(usual), { current: 2, ttl: 600 })
    assert.deepEqual(await read(usual), { current: 2, ttl: 600 })
    const route = { routeInfo: { method: 'GET', url: '/' } }
    const exceeding = usual.child({ ...route, continueExceeding: true })
    await hit(exceeding)
    clock.advance(400)
    assert.deepEqual(await hit(exceeding), { current: 2, ttl: 1000 })
    clock.advance(999)
    assert.deepEqual(await read(exceeding), { current: 2, ttl: 1 })
    const other = { routeInfo: { method: 'GET', url: '/other' } }
    const backoff = usual.child({ ...other, exponentialBackoff: true })
    await hit(backoff)
    assert.deepEqual(await hit(backoff), { current: 2, ttl: 1000 })
    assert.deepEqual(await hit(backoff), { current: 3, ttl: 2000 })
    assert.deepEqual(await hit(backoff), { current: 4, ttl: 4000 })
  })

  test('lets requests through where the cache cannot count, with one warning', async t => {
    const warnings = warningsOf(t)
    const cache = open(t)
    const store = new (rateLimitStore({ cache }))({})
    cache.close()
    for (let i = 0; i < 3; i++) {
      const state = await callback(done => store.incr('k', done, 1000, 1))
      assert.deepEqual(state, { current: 1, ttl: 1000 })
    }
    assert.deepEqual(warnings(), ['UNDERCROFT_CLOSED'])
  })
})
