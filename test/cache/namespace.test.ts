import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { Cache, type CacheOptions } from '../../src/index.ts'
import { onEnd } from '../../testing/scope.ts'

let serial = 0

function open<V>(t: TestContext, options: Partial<CacheOptions> = {}): Cache<V> {
  const name = `namespace-${process.pid}-${++serial}`
  const cache = Cache.open<V>({ name, memory: 'private', maxItems: 20, ...options })
  onEnd(t, () => {
    assert.deepEqual(cache.verify().problems, [])
    cache.destroy()
  })
  return cache
}

describe('a namespace', () => {
  test('puts its name and a colon before each key, for strings and bytes', t => {
    const cache = open<string>(t)
    const tenant = cache.namespace('tenant:4')
    assert.equal(tenant.prefix, 'tenant:4:')
    assert.equal(tenant.set('user', 'Ada'), true)
    assert.equal(cache.get('tenant:4:user'), 'Ada')
    assert.equal(tenant.get(Buffer.from('user')), 'Ada')
    assert.equal(cache.get('user'), undefined)
    cache.set('tenant:4:other', 'Bob')
    assert.deepEqual(tenant.getMany(['user', 'other', 'absent']), ['Ada', 'Bob', undefined])
    assert.equal(tenant.delete('user'), true)
    assert.equal(cache.has('tenant:4:user'), false)
  })

  test('has every method of the cache that takes a key', () => {
    const ofCache = Object.getOwnPropertyNames(Cache.prototype)
    const { prototype } = Object.getPrototypeOf(openForever().namespace('n')).constructor
    const ofNamespace = Object.getOwnPropertyNames(prototype)
    const missing = ofCache.filter(name => !ofNamespace.includes(name))
    assert.deepEqual(new Set(missing), new Set(OF_THE_WHOLE_CACHE))
  })

  test('clear deletes what was stored through it, and nothing else', t => {
    const cache = open<string>(t)
    const a = cache.namespace('a')
    const b = cache.namespace('b')
    a.set('k', 'of a', { tags: ['user:7'] })
    a.add('added', 'of a')
    a.setMany([['many', 'of a']])
    b.set('k', 'of b')
    cache.set('k', 'of none')
    cache.set('a:direct', 'stored without the namespace')
    a.clear()
    assert.deepEqual([...a.keys()], ['direct'])
    assert.equal(b.get('k'), 'of b')
    assert.equal(cache.get('k'), 'of none')
    assert.equal(cache.sweep(), 3)
    a.set('k', 'again')
    assert.equal(a.get('k'), 'again')
  })

  test('clear of an outer one deletes the items of the inner ones, not the reverse', t => {
    const cache = open<number>(t)
    const outer = cache.namespace('outer')
    const inner = outer.namespace('inner')
    const innermost = inner.namespace('most')
    assert.equal(innermost.prefix, 'outer:inner:most:')
    const fill = () => {
      for (const space of [outer, inner, innermost]) space.set('k', 1)
    }
    fill()
    inner.clear()
    assert.deepEqual([outer.has('k'), inner.has('k'), innermost.has('k')], [true, false, false])
    fill()
    outer.clear()
    assert.deepEqual([outer.has('k'), inner.has('k'), innermost.has('k')], [false, false, false])
  })

  test('clear deletes the near copies of its items, too', t => {
    const cache = open<string>(t, { near: { maxItems: 10 } })
    const space = cache.namespace('hot')
    space.set('k', 'v')
    for (let i = 0; i < 1000; i++) assert.equal(space.get('k'), 'v')
    space.clear()
    assert.equal(space.get('k'), undefined)
  })

  test('clear of a namespace with nothing in it, or with no cache left, is as any call', t => {
    const cache = open(t)
    cache.set('k', 1)
    const space = cache.namespace('empty')
    space.clear()
    assert.equal(cache.get('k'), 1)
    const closed = Cache.open({ name: 'namespace-closed', memory: 'private', maxItems: 1 })
    const left = closed.namespace('left')
    closed.close()
    assert.throws(() => left.clear(), { code: 'UNDERCROFT_CLOSED' })
    assert.throws(() => left.get('k'), { code: 'UNDERCROFT_CLOSED' })
    assert.throws(() => closed.namespace('n'), { code: 'UNDERCROFT_CLOSED' })
  })

  test('a value whose load began before a clear is returned, and not stored', async t => {
    const cache = open<string>(t)
    const space = cache.namespace('loaded')
    const loaded = await space.getOrSet('k', () => {
      space.clear()
      return 'old'
    })
    assert.equal(loaded, 'old')
    assert.equal(space.get('k'), undefined)
    assert.equal(await space.getOrSet('k', () => 'new'), 'new')
    assert.equal(space.get('k'), 'new')
  })

  test('many keys are loaded by their own names, and functions are memoized in it', async t => {
    const cache = open<string>(t)
    const space = cache.namespace('n')
    space.set('a', 'there')
    const load = (missing: readonly string[]) => missing.map(key => `loaded ${key}`)
    const values = await space.getOrSetMany(['a', 'b', 'c'], load, { tags: ['t'] })
    assert.deepEqual(values, ['there', 'loaded b', 'loaded c'])
    const find = space.memoize((id: number) => `user ${id}`, { key: id => `user:${id}` })
    assert.equal(await find(7), 'user 7')
    assert.deepEqual([...cache.keys()].sort(), ['n:a', 'n:b', 'n:c', 'n:user:7'])
    await assert.rejects(space.getOrSetMany(['d'], load, { ttl: 5 } as object), {
      code: 'UNDERCROFT_OPTION_INVALID',
    })
    space.clear()
    assert.deepEqual([...cache.keys()], [])
  })

  test('counters, TTLs, types and circumstances are those of the cache', t => {
    const cache = open<unknown>(t)
    const space = cache.namespace('n')
    assert.equal(space.increment('n'), 1)
    assert.equal(space.increment('n', 2n), 3n)
    assert.equal(space.decrement('n'), 2)
    assert.equal(space.multiply('n', 10), 20)
    assert.equal(space.divide('n', 2), 10)
    assert.equal(space.count('n', 'inc', 1n), 11n)
    assert.equal(cache.get('n:n'), 11)
    space.set('k', 'v', { ttlMs: 1000, tags: ['t'], pinned: true })
    assert.ok((space.ttlMs('k') ?? 0) > 0)
    assert.deepEqual(space.getEntry('k')?.tags, ['t'], 'without the tag of the namespace')
    assert.deepEqual(space.tagsOf('k'), ['t'])
    assert.deepEqual(cache.tagsOf('n:k'), ['t'])
    assert.equal(space.peek('k'), 'v')
    assert.equal(cache.stats().pinned, 1)
    assert.equal(space.touch('k', Infinity), true)
    assert.equal(space.ttlMs('k'), Infinity)
    cache.deleteTag('t')
    assert.equal(space.has('k'), false)
    space.setItem('bytes', { bytes: Buffer.from('{}'), type: 'json' })
    assert.equal(space.getItem('bytes')?.type, 'json')
    assert.deepEqual(space.get('bytes'), {})
    assert.equal(
      space.update('cart', cart => (cart === undefined ? 'one' : 'more')),
      'one',
    )
    const version = space.getEntry('cart')?.version ?? 0
    assert.equal(space.compareAndSet('cart', version, 'two'), true)
    assert.equal(space.compareAndSet('cart', version, 'three'), false)
    assert.equal(space.deleteMany(['bytes', 'absent']), 1)
    space.clear()
    assert.deepEqual([...space.keys()], [])
    assert.equal(space.increment('n'), 1)
  })

  test('keys and entries come without the prefix, and can be narrowed', async t => {
    const cache = open<number>(t)
    const space = cache.namespace('n')
    space.set('a:1', 1)
    space.set('a:2', 2)
    space.set('b:1', 3)
    cache.set('a:1', 4)
    assert.deepEqual([...space.keys()].sort(), ['a:1', 'a:2', 'b:1'])
    assert.deepEqual([...space.keys({ prefix: 'a:' })].sort(), ['a:1', 'a:2'])
    assert.deepEqual([...space.entries({ prefix: 'b' })], [['b:1', 3]])
    const scanned: [string, number][] = []
    for await (const entry of space.scan({ prefix: 'b' })) scanned.push(entry)
    assert.deepEqual(scanned, [['b:1', 3]])
  })

  test('is the same one, however often it is made', t => {
    const cache = open<string>(t)
    cache.namespace('n').set('k', 'v')
    cache.namespace('a').namespace('b').set('k', 'v')
    assert.equal(cache.namespace('n').get('k'), 'v')
    cache.namespace('n').clear()
    cache.namespace('a:b').clear()
    assert.deepEqual([...cache.keys()], [])
  })
})

describe('a namespace is refused', () => {
  const refusal = { code: 'UNDERCROFT_OPTION_INVALID', message: /name of a namespace/ }

  test('without a name, and with one that leaves no room for a key', t => {
    const cache = open(t, { maxKeySize: 32 })
    for (const name of ['', '\ud800', undefined, 5]) {
      assert.throws(() => cache.namespace(name as string), refusal)
    }
    assert.throws(() => cache.namespace('x'.repeat(31)), refusal)
    assert.throws(() => cache.namespace('x'.repeat(15)).namespace('x'.repeat(15)), refusal)
    const narrow = cache.namespace('x'.repeat(30))
    assert.equal(narrow.maxKeySize, 1)
    assert.equal(narrow.set('k', 1), true)
    const wide = open(t, { maxKeySize: 1000 })
    assert.throws(() => wide.namespace('x'.repeat(254)), refusal)
    assert.equal(wide.namespace('x'.repeat(253)).set('k', 1), true)
  })

  test('at the ninth level', t => {
    let space = open(t).namespace('1')
    for (let level = 2; level <= 8; level++) space = space.namespace(String(level))
    assert.equal(space.set('k', 1), true)
    assert.throws(() => space.namespace('9'), { code: 'UNDERCROFT_OPTION_INVALID' })
  })

  test('keys and options are refused as by the cache', t => {
    const space = open<unknown>(t).namespace('n')
    for (const key of ['', new Uint8Array(), 5, undefined, null, 'x'.repeat(255)]) {
      assert.throws(() => space.get(key as string), { code: 'UNDERCROFT_KEY_INVALID' })
    }
    for (const options of [5, null, { ttl: 5 }]) {
      const call = () => space.set('k', 'v', options as object)
      assert.throws(call, { code: 'UNDERCROFT_OPTION_INVALID' })
    }
    assert.throws(() => space.keys({ start: 'a' } as object), {
      code: 'UNDERCROFT_OPTION_INVALID',
      message: /keys.*prefix/s,
    })
  })
})

describe('tags and namespaces', () => {
  test('no tag of a caller can be that of a namespace', t => {
    const cache = open<string>(t)
    cache.namespace('n').set('k', 'v')
    const refusal = { code: 'UNDERCROFT_TAGS_INVALID', message: /U\+0000/ }
    assert.throws(() => cache.set('k', 'v', { tags: ['\0n:'] }), refusal)
    assert.throws(() => cache.deleteTag('\0n:'), refusal)
    cache.deleteTag('n:')
    cache.deleteTag('n')
    assert.equal(cache.namespace('n').get('k'), 'v')
  })

  test('without tags in the cache, a namespace is a prefix that refuses to be cleared', t => {
    const cache = open<string>(t, { maxTags: 0 })
    const space = cache.namespace('n')
    space.set('k', 'v')
    assert.equal(space.get('k'), 'v')
    assert.equal(space.increment('n'), 1)
    assert.throws(() => space.clear(), { code: 'UNDERCROFT_TAGS_INVALID', message: /maxTags: 0/ })
    assert.equal(space.get('k'), 'v')
  })

  test('the largest value that a namespace names can be stored, and no larger one', t => {
    for (const options of [{}, { bitmap: false, blockSize: 1501 }]) {
      const cache = open<Buffer>(t, options)
      const space = cache.namespace('outer').namespace('inner')
      assert.ok(space.maxValueSize < cache.maxValueSize)
      assert.equal(space.set('k', Buffer.alloc(space.maxValueSize)), true)
      const larger = Buffer.alloc(space.maxValueSize + 8)
      assert.throws(() => space.set('k', larger), { code: 'UNDERCROFT_VALUE_TOO_LARGE' })
    }
  })
})

/** What no namespace has, because it concerns the cache as a whole. */
const OF_THE_WHOLE_CACHE = [
  'deleteTag',
  'deleteTags',
  'size',
  'stats',
  'verify',
  'sweep',
  'sync',
  'flush',
  'close',
  'destroy',
]

function openForever(): Cache {
  return Cache.open({ name: 'namespace-methods', memory: 'private', maxItems: 1 })
}
