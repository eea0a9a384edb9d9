import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { createCache } from 'cache-manager'
import { Keyv } from 'keyv'
import { Keyv as Keyv6 } from 'keyv-6'
import { createKeyv, KeyvUndercroft } from '../../src/adapters/keyv.ts'
import { Cache } from '../../src/index.ts'
import { onEnd } from '../../testing/scope.ts'
import { memoryDir } from '../../testing/temp-dir.ts'
import { warningsOf } from './warnings.ts'

function open(t: TestContext): Cache {
  const cache = Cache.open({ name: 'keyv', maxItems: 1000, directory: memoryDir(t) })
  onEnd(t, () => cache.close())
  return cache
}

describe('KeyvUndercroft', () => {
  test('stores what keyv 5 and keyv 6 store under the same keys', async t => {
    const cache = open(t)
    const five = new Keyv({ store: new KeyvUndercroft({ cache }), namespace: 'users' })
    const six = new Keyv6({ store: new KeyvUndercroft({ cache }), namespace: 'users' })
    await five.set('1', 'of 5')
    await six.set('2', 'of 6')
    assert.deepEqual([...cache.keys()].sort(), ['users:1', 'users:2'])
    assert.equal(await six.get('1'), 'of 5')
    assert.equal(await five.get('2'), 'of 6')
  })

  for (const [version, Host] of [
    ['keyv 5', Keyv],
    ['keyv 6', Keyv6 as unknown as typeof Keyv],
  ] as const) {
    test(`does all calls of ${version} for one and for many`, async t => {
      const cache = open(t)
      const keyv = new Host({ store: new KeyvUndercroft({ cache }), namespace: 'n', ttl: 60_000 })
      const entries = ['a', 'b', 'c'].map(key => ({ key, value: `of ${key}`, ttl: 5000 }))
      assert.deepEqual(await keyv.setMany(entries), [true, true, true])
      assert.deepEqual(await keyv.getMany(['a', 'x', 'c']), ['of a', undefined, 'of c'])
      assert.deepEqual(await keyv.hasMany(['a', 'x']), [true, false])
      assert.equal(await keyv.has('b'), true)
      const found: string[] = []
      for await (const [key] of keyv.iterator?.(undefined) ?? []) found.push(key)
      assert.deepEqual(found.sort(), ['a', 'b', 'c'])
      assert.ok((cache.ttlMs('n:a') ?? 0) <= 5000)
      await keyv.set('d', 1)
      assert.ok((cache.ttlMs('n:d') ?? 0) > 5000)
      await keyv.deleteMany(['a', 'b'])
      assert.equal(await keyv.delete('c'), true)
      assert.equal(await keyv.get('a'), undefined)
      assert.equal(await keyv.get('c'), undefined)
    })

    test(`iterates with ${version} over keys that are longer than those of the cache`, async t => {
      const keyv = new Host({ store: new KeyvUndercroft({ cache: open(t) }), namespace: 'n' })
      const long = 'k'.repeat(1000)
      await keyv.set(long, 'v')
      const found: unknown[] = []
      for await (const entry of keyv.iterator?.(undefined) ?? []) found.push(entry)
      assert.deepEqual(found, [[long, 'v']])
    })
  }

  test('keeps maps, dates and bigints if keyv does not turn them into text', async t => {
    const value = { map: new Map([[1, new Date(0)]]), big: 2n ** 60n }
    const cache = open(t)
    const five = new Keyv({
      store: new KeyvUndercroft({ cache }),
      serialize: undefined as never,
      deserialize: undefined as never,
    })
    await five.set('k', value)
    assert.deepEqual(await five.get('k'), value)
    const six = new Keyv6({ store: new KeyvUndercroft({ cache }), serialization: false })
    await six.set('k', value)
    assert.deepEqual(await six.get('k'), value)
  })

  test('refuses a TTL that is no duration, with one warning', async t => {
    const warnings = warningsOf(t)
    const store = new KeyvUndercroft({ cache: open(t) })
    assert.equal(await store.set('k', 'v', Number.NaN), false)
    assert.equal(await store.set('k', 'v', -5), false)
    assert.equal(await store.set('k', () => {}), false)
    assert.equal(await store.get('k'), undefined)
    assert.deepEqual(warnings(), ['UNDERCROFT_OPTION_INVALID', 'UNDERCROFT_VALUE_UNSUPPORTED'])
  })

  test('takes durations and moments from a caller that is no Keyv', async t => {
    const cache = open(t)
    const store = new KeyvUndercroft({ cache })
    await store.set('duration', 'v', 5000)
    await store.set('moment', 'v', Date.now() + 50_000)
    await store.set('over', 'v', Date.now() - 1)
    assert.ok((cache.ttlMs('keyv:duration') ?? 0) <= 5000)
    assert.ok((cache.ttlMs('keyv:moment') ?? 0) > 40_000)
    assert.equal(await store.has('over'), false)
  })
})

describe('cache-manager over it', () => {
  test('gets, sets, wraps, and reads the end of a value', async t => {
    const keyv = new Keyv({ store: new KeyvUndercroft({ cache: open(t) }) })
    const manager = createCache({ stores: [keyv] })
    await manager.set('k', { name: 'Ada' }, 60_000)
    assert.deepEqual(await manager.get('k'), { name: 'Ada' })
    const end = await manager.ttl('k')
    assert.ok(end !== undefined && end > Date.now() + 50_000)
    let made = 0
    const make = () => manager.wrap('report', async () => ++made, { ttl: 5000 })
    assert.deepEqual([await make(), await make()], [1, 1])
    await manager.clear()
    assert.equal(await manager.get('k'), undefined)
  })
})

test('createKeyv makes a Keyv with its cache, namespace and ttl', async t => {
  const directory = memoryDir(t)
  const keyv = createKeyv({ name: 'made', maxItems: 10, directory, namespace: 'n', ttl: 1000 })
  onEnd(t, () => keyv.disconnect())
  await keyv.set('k', 'v')
  using cache = Cache.open({ name: 'made', directory })
  assert.ok((cache.ttlMs('n:k') ?? 0) <= 1000)
  assert.throws(() => createKeyv({ name: 'made', tl: 5 } as never), {
    code: 'UNDERCROFT_OPTION_INVALID',
  })
})
