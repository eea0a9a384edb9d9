/**
 * Four processes share a stale value, its refresh, and what a deletion of its tag means for a load.
 */

import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import type { Cache, GetOrSetOptions } from '../../src/index.ts'
import { Child } from '../../testing/child.ts'
import { until, within } from '../../testing/deadline.ts'
import { openHere, ownCache } from './cache-process.ts'
import type { LoadReply, LoadTask } from './loading-child.ts'
import type { RaceReply, RaceTask } from './tag-race-child.ts'

const PROCESS_COUNT = 4
const REQUEST_COUNT = 50
const STALE: GetOrSetOptions = { ttlMs: 1, staleMs: 600_000, staleIfErrorMs: 600_000 }

describe('of four processes that ask for a stale value 50 times each', () => {
  test('all get it at once, and exactly one loads the new value', async t => {
    const { cache, children } = await startWithOld(t)
    const loading = await askAll(children, STALE)
    assert.equal(loading.length, 1)
    loading[0].send({ kind: 'finish', value: 'new' })
    await until('the new value', () => isStored(cache, 'new'))
  })

  test('all still get it after the process that loads was killed, and another loads', async t => {
    const { cache, children } = await startWithOld(t)
    const [killed] = await askAll(children, STALE)
    await killed.kill()
    const others = children.filter(child => child !== killed)
    let loading: Loader[] = []
    // Its lease ends by its TTL. Until then the others get the old value, and none loads.
    await until('another to load', async () => {
      loading = await askAll(others, STALE)
      return loading.length > 0
    })
    assert.equal(loading.length, 1)
    loading[0].send({ kind: 'finish', value: 'new' })
    await until('the new value', () => isStored(cache, 'new'))
  })

  test('all get it when the load fails that they wait for', async t => {
    const { cache, children } = await startWithOld(t)
    const options = { ...STALE, staleMs: 0 }
    for (const child of children) child.send({ kind: 'ask', times: REQUEST_COUNT, options })
    // Each process tries once, one after the other, and then uses the old value for a while.
    for (let waiting = children; waiting.length > 0; ) {
      const failing = await firstToLoad(waiting)
      failing.send({ kind: 'fail', message: 'down' })
      assert.deepEqual(await failing.next(60_000), answered('old'))
      waiting = waiting.filter(child => child !== failing)
    }
    assert.equal(cache.getEntry('cold', { stale: true })?.value, 'old')
  })
})

describe('a deletion of a tag while a process loads', () => {
  test('makes all others load again, and what was loaded before is not stored', async t => {
    const { cache, children } = await start(t)
    const options = { tags: ['orders'] }
    for (const child of children) child.send({ kind: 'ask', times: REQUEST_COUNT, options })
    const first = await within('a load', firstToLoad(children))
    cache.deleteTag('orders')
    first.send({ kind: 'finish', value: 'before' })
    const next = await within('the next load', firstToLoad(children))
    assert.equal(cache.has('cold'), false)
    next.send({ kind: 'finish', value: 'after' })
    for (const child of children) {
      const reply = await (upcoming.get(child) ?? child.next(60_000))
      assert.ok(reply.kind === 'answered')
      const isFirst = child === first
      assert.deepEqual(reply.values, {
        ...(isFirst && { before: 1 }),
        after: REQUEST_COUNT - (isFirst ? 1 : 0),
      })
    }
    assert.equal(cache.get('cold'), 'after')
  })

  test('never lets a later caller have a value of before, in many random races', async t => {
    const options = ownCache(t, { maxItems: 100 })
    const cache = openHere<number>(t, options)
    cache.set('source', 0)
    cache.set('floor', 0)
    const script = new URL('./tag-race-child.js', import.meta.url)
    const readers = await Promise.all(
      Array.from({ length: 3 }, () => Child.start<RaceTask, RaceReply>(t, script)),
    )
    const reads = readers.map(reader => reader.ask({ options, loads: 60 }))
    let isOver = false
    const all = Promise.all(reads).finally(() => {
      isOver = true
    })
    while (!isOver) {
      const made = cache.increment('source') as number
      cache.deleteTag('numbers')
      cache.set('floor', made)
      await new Promise(setImmediate)
    }
    for (const { tooOld } of await all) assert.equal(tooOld, 0)
  })
})

type Loader = Child<LoadTask, LoadReply>

interface Setting {
  readonly cache: Cache<string>
  readonly children: readonly Loader[]
}

async function start(t: TestContext): Promise<Setting> {
  const options = ownCache(t, { maxItems: 100 })
  const cache = openHere<string>(t, options)
  const script = new URL('./loading-child.js', import.meta.url)
  const children = await Promise.all(
    Array.from({ length: PROCESS_COUNT }, () => Child.start<LoadTask, LoadReply>(t, script)),
  )
  for (const child of children) await child.ask({ kind: 'open', options })
  return { cache, children }
}

async function startWithOld(t: TestContext): Promise<Setting> {
  const setting = await start(t)
  setting.cache.set('cold', 'old', { ttlMs: 1, staleMs: 600_000 })
  await until('the end of its TTL', () => !setting.cache.has('cold'))
  return setting
}

/** The item that was loaded has a TTL of one millisecond, too. */
function isStored(cache: Cache<string>, value: string): boolean {
  return cache.getEntry('cold', { stale: true })?.value === value
}

function answered(value: string): LoadReply {
  return { kind: 'answered', values: { [value]: REQUEST_COUNT } }
}

/** Every child gets the old value for all its requests. @returns those that load meanwhile */
async function askAll(children: readonly Loader[], options: GetOrSetOptions): Promise<Loader[]> {
  for (const child of children) child.send({ kind: 'ask', times: REQUEST_COUNT, options })
  const loading: Loader[] = []
  for (const child of children) {
    let reply = await child.next(60_000)
    if (reply.kind === 'loading') {
      loading.push(child)
      reply = await child.next(60_000)
    }
    assert.deepEqual(reply, answered('old'))
  }
  return loading
}

const upcoming = new WeakMap<Loader, Promise<LoadReply>>()

/** Waits for the next report of a load, and keeps the next message of each other child. */
async function firstToLoad(children: readonly Loader[]): Promise<Loader> {
  const first = await Promise.race(
    children.map(async child => {
      const reply = upcoming.get(child) ?? child.next(60_000)
      upcoming.set(child, reply)
      assert.equal((await reply).kind, 'loading')
      return child
    }),
  )
  upcoming.delete(first)
  return first
}
