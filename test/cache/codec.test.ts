/**
 * Values by a codec and a schema: what is stored, and what happens if they refuse.
 */

import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { Cache, type CacheOptions, type Codec, type StandardSchema } from '../../src/index.ts'

let opened = 0

function open<V>(t: TestContext, options: Partial<CacheOptions<V>>, name?: string): Cache<V> {
  const cache = Cache.open<V>({
    name: name ?? `codec-${process.pid}-${++opened}`,
    maxItems: 64,
    memory: 'private',
    ...options,
  })
  t.after(() => cache.close())
  return cache
}

/** Dates as text: what JSON and V8 would store in other ways. */
const dateCodec: Codec<Date> = {
  encode: date => date.toISOString(),
  decode(bytes) {
    const date = new Date(bytes.toString())
    if (Number.isNaN(date.getTime())) throw new RangeError('no date')
    return date
  },
}

const listCodec: Codec<unknown> = {
  encode: value => Buffer.from(JSON.stringify([value])),
  decode: bytes => JSON.parse(bytes.toString())[0],
}

interface User {
  readonly name: string
}

const userSchema: StandardSchema<User> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: value => {
      const { name } = value as Partial<User>
      if (typeof name === 'string') return { value: { name: name.trim() } }
      return { issues: [{ message: 'must be a string', path: ['name'] }, { message: 'wrong' }] }
    },
  },
}

describe('a codec', () => {
  test('encodes what every method stores, and decodes what every method reads', async t => {
    const cache = open(t, { codec: dateCodec })
    const [a, b, c] = [new Date(1), new Date(2), new Date(3)] as const
    cache.set('a', a)
    cache.add('b', b)
    cache.setMany([['c', a]])
    cache.replace('c', c)
    assert.deepEqual(cache.get('a'), a)
    assert.deepEqual(cache.getMany(['b', 'c', 'd']), [b, c, undefined])
    assert.deepEqual(new Map(cache.entries()), new Map(Object.entries({ a, b, c })))
    assert.deepEqual(await cache.getOrSet('d', () => new Date(4)), new Date(4))
    assert.equal(cache.getItem('d')?.type, 'custom')
    assert.equal(cache.getItem('d')?.bytes.toString(), new Date(4).toISOString())
    assert.equal(cache.verify().ok, true)
  })

  test('leaves counters, and items that were set as bytes, as they are', t => {
    const cache = open<unknown>(t, { codec: listCodec })
    assert.equal(cache.increment('n'), 1)
    assert.equal(cache.get('n'), 1)
    cache.setItem('text', { bytes: Buffer.from('plain'), type: 'text' })
    assert.equal(cache.get('text'), 'plain')
    cache.set('m', 1)
    assert.throws(() => cache.increment('m'), { code: 'UNDERCROFT_NOT_A_COUNTER' })
  })

  test('that throws, or returns no bytes, fails the set and leaves the cache as it was', t => {
    const failure = new Error('out of order')
    let encode: Codec['encode'] = () => 'first'
    const cache = open<unknown>(t, { codec: { encode: v => encode(v), decode: String } })
    cache.set('k', 1)
    const check = (expected: object) => {
      for (const set of [() => cache.set('k', 2), () => cache.replace('k', 2)]) {
        assert.throws(set, expected)
      }
      assert.throws(() => cache.add('new', 2), expected)
      assert.equal(cache.get('k'), 'first')
      assert.equal(cache.has('new'), false)
    }
    encode = () => {
      throw failure
    }
    check({ code: 'UNDERCROFT_CODEC_FAILED', cause: failure })
    for (const wrong of [undefined, 5, '\ud800', Promise.resolve('x')]) {
      encode = () => wrong as string
      check({ code: 'UNDERCROFT_CODEC_FAILED' })
    }
    assert.throws(() => cache.set('k', undefined), { code: 'UNDERCROFT_VALUE_UNSUPPORTED' })
  })

  test('that cannot decode what is stored makes it a miss, or an error if so chosen', async t => {
    const name = `codec-refused-${process.pid}`
    const other = open<unknown>(t, { codec: listCodec }, name)
    other.set('k', 'no date')
    const missing = open<Date>(t, { codec: dateCodec }, name)
    assert.equal(missing.get('k'), undefined)
    assert.deepEqual([...missing.entries()], [])
    const throwing = open<Date>(t, { codec: dateCodec, onInvalid: 'throw' }, name)
    assert.throws(() => throwing.get('k'), {
      code: 'UNDERCROFT_VALUE_INVALID',
      message: /^codec\.decode refuses the stored 11 bytes: no date$/,
    })
    assert.deepEqual(await missing.getOrSet('k', () => new Date(0)), new Date(0))
    assert.deepEqual(throwing.get('k'), new Date(0))
  })

  test('is missing in another opener, which is told so, whatever `onInvalid` is', t => {
    const name = `codec-missing-${process.pid}`
    open<Date>(t, { codec: dateCodec }, name).set('k', new Date(0))
    for (const onInvalid of ['miss', 'throw'] as const) {
      assert.throws(() => open(t, { onInvalid }, name).get('k'), {
        code: 'UNDERCROFT_CODEC_FAILED',
        message: /opened the cache without one/,
      })
    }
  })

  test('may use the cache itself, and near copies stay right', t => {
    const name = `codec-reentrant-${process.pid}`
    const writer = open<unknown>(t, { codec: listCodec }, name)
    const cache: Cache<unknown> = open<unknown>(
      t,
      {
        near: { objects: true },
        codec: {
          ...listCodec,
          decode(bytes) {
            for (const other of ['a', 'b', 'text', 'absent']) if (depth++ < 8) cache.get(other)
            depth -= 4
            return listCodec.decode(bytes)
          },
        },
      },
      name,
    )
    let depth = 0
    writer.setItem('text', { bytes: Buffer.from('x'), type: 'text' })
    for (let round = 0; round < 50; round++) {
      writer.set('a', { round })
      if (round % 3 === 0) writer.set('b', { b: round })
      for (let reads = 0; reads < 4; reads++) {
        depth = 0
        assert.deepEqual(cache.get('a'), { round })
        depth = 0
        assert.deepEqual(cache.get('b'), { b: round - (round % 3) })
      }
    }
  })

  test('has near copies only by `near.objects`, and these are frozen', t => {
    let decoded = 0
    const codec: Codec<{ list: number[]; at: Date }> = {
      encode: ({ list }) => JSON.stringify(list),
      decode(bytes) {
        decoded++
        return { list: JSON.parse(bytes.toString()), at: new Date(0) }
      },
    }
    for (const objects of [true, false]) {
      const cache = open(t, { codec, near: { objects } })
      cache.set('k', { list: [1], at: new Date(0) })
      decoded = 0
      for (let i = 0; i < 100; i++) cache.get('k')
      assert.equal(decoded < 50, objects, `${decoded} of 100 were decoded`)
      const value = cache.get('k')
      assert.equal(Object.isFrozen(value?.list), objects)
      assert.equal(value === cache.get('k'), objects)
    }
  })

  test('must have both functions', t => {
    for (const codec of [null, {}, { encode: String }, 'json']) {
      assert.throws(() => open(t, { codec: codec as unknown as Codec }), {
        code: 'UNDERCROFT_OPTION_INVALID',
        message: /^codec must be an object with the functions encode and decode/,
      })
    }
  })
})

describe('a schema', () => {
  test('checks what is read, and get returns its output', t => {
    const name = `schema-${process.pid}`
    open<unknown>(t, {}, name).set('k', { name: ' Ada ', extra: 1 })
    const cache = open(t, { schema: userSchema }, name)
    for (let i = 0; i < 10; i++) assert.deepEqual(cache.get('k'), { name: 'Ada' })
    assert.deepEqual([...cache.entries()], [['k', { name: 'Ada' }]])
  })

  test('that refuses what is stored makes it a miss, or an error if so chosen', async t => {
    const name = `schema-refused-${process.pid}`
    open<unknown>(t, {}, name).set('k', { title: 'old' })
    const throwing = open(t, { schema: userSchema, onInvalid: 'throw' }, name)
    assert.throws(() => throwing.get('k'), {
      code: 'UNDERCROFT_VALUE_INVALID',
      message: 'the schema refuses the value: name: must be a string; wrong',
    })
    const cache = open(t, { schema: userSchema }, name)
    assert.equal(cache.get('k'), undefined)
    assert.deepEqual(await cache.getOrSet('k', () => ({ name: 'Ada' })), { name: 'Ada' })
    assert.deepEqual(throwing.get('k'), { name: 'Ada' })
  })

  test('that refuses a new value fails the set, and the cache is as it was', async t => {
    const cache = open(t, { schema: userSchema })
    cache.set('k', { name: 'Ada' })
    const wrong = { nam: 'Eve' } as unknown as User
    const isRefused = { code: 'UNDERCROFT_VALUE_INVALID' }
    assert.throws(() => cache.set('k', wrong), isRefused)
    assert.throws(() => cache.setMany([['k', wrong]]), isRefused)
    await assert.rejects(
      cache.getOrSet('new', () => wrong),
      isRefused,
    )
    assert.deepEqual([...cache.entries()], [['k', { name: 'Ada' }]])
  })

  test('that throws, or is asynchronous, is an error that says so', t => {
    for (const [validate, message] of [
      [async () => ({ value: 1 }), /asynchronously/],
      [() => Promise.reject(new Error('lost')), /asynchronously/],
      [
        () => {
          throw new Error('broken')
        },
        /broken/,
      ],
    ] as const) {
      const schema = { '~standard': { version: 1, vendor: 'test', validate } } as const
      const cache = open<unknown>(t, { schema })
      assert.throws(() => cache.set('k', 1), { code: 'UNDERCROFT_CODEC_FAILED', message })
      cache.increment('n')
      assert.throws(() => cache.get('n'), { code: 'UNDERCROFT_CODEC_FAILED', message })
    }
  })

  test('must be a Standard Schema', t => {
    for (const schema of [null, {}, { '~standard': { version: 2, validate: () => ({}) } }]) {
      assert.throws(() => open(t, { schema: schema as unknown as StandardSchema }), {
        code: 'UNDERCROFT_OPTION_INVALID',
        message: /^schema must be a Standard Schema/,
      })
    }
    assert.throws(() => open(t, { onInvalid: 'ignore' as 'miss' }), {
      code: 'UNDERCROFT_OPTION_INVALID',
    })
  })
})
