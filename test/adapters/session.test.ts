import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import session, { type SessionData } from 'express-session'
import { UndercroftStore, type UndercroftStoreOptions } from '../../src/adapters/session.ts'
import { Cache } from '../../src/index.ts'
import { ManualClock } from '../../testing/manual-clock.ts'
import { onEnd } from '../../testing/scope.ts'
import { memoryDir } from '../../testing/temp-dir.ts'
import { warningsOf } from './warnings.ts'

let serial = 0

function open(t: TestContext, own: Partial<UndercroftStoreOptions> = {}) {
  const clock = new ManualClock()
  const name = `session-${process.pid}-${++serial}`
  const options = { name, maxItems: 100, memory: 'private', clock, ...own } as const
  const store = new UndercroftStore(options as UndercroftStoreOptions)
  onEnd(t, () => store.close())
  const data = (leftMs: number | undefined, more: object = {}): SessionData => {
    const expires = leftMs === undefined ? null : new Date(clock.nowMs() + leftMs)
    return { cookie: { expires, originalMaxAge: leftMs ?? null }, ...more } as SessionData
  }
  return { store, clock, data }
}

/** @returns what the callback of a call is given */
function called<T = unknown>(call: (callback: (error?: unknown, result?: T) => void) => void) {
  return new Promise<T | undefined>((resolve, reject) => {
    let isLater = false
    call((error, result) => {
      assert.ok(isLater, 'called back before the call has returned')
      if (error) reject(error)
      else resolve(result)
    })
    isLater = true
  })
}

const set = (store: UndercroftStore, sid: string, data: SessionData) =>
  called(callback => store.set(sid, data, callback))
const get = (store: UndercroftStore, sid: string) =>
  called<SessionData & { user?: string }>(callback => store.get(sid, callback as never))

describe('a session', () => {
  test('is JSON, as express-session has it: dates come back as text', async t => {
    const { store, data } = open(t)
    assert.ok(store instanceof session.Store)
    await set(store, 's', data(1000, { at: new Date(0), gone: undefined, user: 'Ada' }))
    const found = await get(store, 's')
    assert.deepEqual(Object.keys(found ?? {}), ['cookie', 'at', 'user'])
    assert.equal((found as unknown as { at: string }).at, '1970-01-01T00:00:00.000Z')
    assert.equal(await get(store, 'absent'), undefined)
  })

  test('ends with its cookie, also if the end is text, or else after ttl seconds', async t => {
    const { store, clock, data } = open(t, { ttl: 60 })
    await set(store, 'dated', data(500))
    const text = new Date(clock.nowMs() + 500).toISOString()
    await set(store, 'text', { cookie: { expires: text } } as unknown as SessionData)
    await set(store, 'none', data(undefined))
    const invalid = { cookie: { expires: new Date('never') } } as unknown as SessionData
    await set(store, 'invalid', invalid)
    clock.advance(500)
    assert.equal(await get(store, 'dated'), undefined)
    assert.equal(await get(store, 'text'), undefined)
    clock.advance(59_499)
    assert.ok(await get(store, 'none'))
    assert.ok(await get(store, 'invalid'))
    clock.advance(1)
    assert.equal(await get(store, 'none'), undefined)
    assert.equal(await get(store, 'invalid'), undefined)
  })

  test('whose cookie is over is destroyed', async t => {
    const { store, data } = open(t)
    await set(store, 's', data(1000))
    await set(store, 's', data(-1))
    assert.equal(await get(store, 's'), undefined)
  })

  test('that was destroyed is not saved again by a slower request', async t => {
    const { store, data } = open(t)
    await set(store, 's', data(60_000, { user: 'Ada' }))
    const slow = await get(store, 's')
    await called(callback => store.destroy('s', callback))
    await set(store, 's', slow as SessionData)
    assert.equal(await get(store, 's'), undefined)
    await called(callback => store.touch('s', slow as SessionData, callback))
    assert.equal(await get(store, 's'), undefined)
    assert.deepEqual(await called<string[]>(callback => store.ids(callback)), [])
  })

  test('gets a new end by a touch, which shows in its cookie, and keeps its data', async t => {
    const { store, clock, data } = open(t)
    await set(store, 's', data(1000, { user: 'Ada' }))
    clock.advance(900)
    const stale = data(1000, { user: 'an older one' })
    await called(callback => store.touch('s', stale, callback))
    clock.advance(900)
    const found = await get(store, 's')
    assert.equal(found?.user, 'Ada')
    assert.equal(found?.cookie.expires, stale.cookie.expires?.toISOString())
    clock.advance(100)
    assert.equal(await get(store, 's'), undefined)
  })

  test('is not made by a touch, nor prolonged with disableTouch', async t => {
    const { store, data } = open(t)
    await called(callback => store.touch('absent', data(1000), callback))
    assert.equal(await get(store, 'absent'), undefined)
    const other = open(t, { disableTouch: true })
    await set(other.store, 's', other.data(1000))
    await called(callback => other.store.touch('s', other.data(9000), callback))
    other.clock.advance(1000)
    assert.equal(await get(other.store, 's'), undefined)
  })
})

describe('the session store', () => {
  test('lists and counts the sessions of its prefix, and clears them', async t => {
    const cache = Cache.open({ name: 'sessions', maxItems: 100, directory: memoryDir(t) })
    onEnd(t, () => cache.close())
    const { data } = open(t)
    const store = new UndercroftStore({ cache, prefix: 'a:' })
    const other = new UndercroftStore({ cache, prefix: 'b:' })
    const long = 's'.repeat(400)
    for (const sid of ['1', '2', long]) await set(store, sid, data(1000, { user: sid }))
    await set(other, '3', data(1000))
    await called(callback => store.destroy('2', callback))
    const ids = await called<string[]>(callback => store.ids(callback))
    assert.deepEqual(ids?.sort(), ['1', long])
    const all = await called<Record<string, { user: string }>>(callback =>
      store.all(callback as never),
    )
    assert.deepEqual(all && Object.keys(all).sort(), ['1', long])
    assert.equal(all?.[long]?.user, long)
    assert.equal(await called<number>(callback => store.length(callback)), 2)
    await called(callback => store.clear(callback))
    assert.equal(await called<number>(callback => store.length(callback)), 0)
    assert.equal(await called<number>(callback => other.length(callback)), 1)
  })

  test('hands an error to the callback if the cache refuses a session', async t => {
    const warnings = warningsOf(t)
    const { store, data } = open(t)
    store.close()
    await assert.rejects(set(store, 's', data(1000)), /the cache has refused the session/)
    assert.equal(await get(store, 's'), undefined)
    store.set('no callback', data(1000))
    store.destroy('no callback')
    assert.deepEqual(warnings(), ['UNDERCROFT_CLOSED'])
  })

  test('refuses a ttl that is no number, and an unknown option', t => {
    const { store } = open(t)
    assert.ok(store)
    const wrong = [
      { ttl: Number.NaN },
      { ttl: '5' },
      { disableTouch: 1 },
      { prefix: '' },
      { tll: 5 },
    ]
    for (const own of wrong) {
      assert.throws(() => open(t, own as never), { code: 'UNDERCROFT_OPTION_INVALID' })
    }
  })
})
