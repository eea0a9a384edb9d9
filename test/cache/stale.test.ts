import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Cache } from '../../src/index.ts'
import { until, within } from '../../testing/deadline.ts'
import { fail, hasCode, openWithClock, pendingLoad } from './loading-setting.ts'

const TTL = { ttlMs: 1000 }
const STALE = { ...TTL, staleMs: 5000 }
const ON_ERROR = { ...TTL, staleIfErrorMs: 5000 }

describe('a stale value', () => {
  test('is returned at once while one caller loads in the background', async t => {
    const { cache, clock } = openWithClock(t)
    await cache.getOrSet('key', () => 'old', STALE)
    clock.advance(1000)
    const pending = pendingLoad()
    const asks = Array.from({ length: 20 }, () => cache.getOrSet('key', pending.load, STALE))
    assert.deepEqual(await within('the old values', Promise.all(asks)), Array(20).fill('old'))
    assert.equal(cache.has('key'), false) // it is a miss for all other calls
    pending.finish('new')
    await until('the new value', () => cache.get('key') === 'new')
    assert.equal(pending.count, 1)
  })

  test('is not returned after staleMs, and the caller waits for the load', async t => {
    const { cache, clock } = openWithClock(t)
    await cache.getOrSet('key', () => 'old', STALE)
    clock.advance(6000)
    assert.equal(await cache.getOrSet('key', () => 'new', STALE), 'new')
  })

  test('is returned if the load fails, and each failure is reported once', async t => {
    const { cache, clock, errors } = openWithClock(t)
    await cache.getOrSet('key', () => 'old', ON_ERROR)
    clock.advance(1000)
    const pending = pendingLoad()
    const asks = Array.from({ length: 5 }, () => cache.getOrSet('key', pending.load, ON_ERROR))
    const failure = new Error('down')
    pending.fail(failure)
    assert.deepEqual(await Promise.all(asks), Array(5).fill('old'))
    assert.deepEqual(errors, [failure])
    await assert.rejects(
      cache.getOrSet('key', () => fail('down'), TTL),
      { message: 'down' },
    )
  })

  test('is returned without another load in the second after a failure', async t => {
    const { cache, clock } = openWithClock(t)
    await cache.getOrSet('key', () => 'old', ON_ERROR)
    clock.advance(1000)
    await cache.getOrSet('key', () => fail('down'), ON_ERROR)
    assert.equal(await cache.getOrSet('key', () => assert.fail('loaded'), ON_ERROR), 'old')
    clock.advance(1000)
    assert.equal(await cache.getOrSet('key', () => 'new', ON_ERROR), 'new')
  })

  test('is not returned after staleIfErrorMs', async t => {
    const { cache, clock } = openWithClock(t)
    await cache.getOrSet('key', () => 'old', ON_ERROR)
    clock.advance(6000)
    await assert.rejects(
      cache.getOrSet('key', () => fail('down'), ON_ERROR),
      { message: 'down' },
    )
  })

  test('is returned after softTimeoutMs, and the load is stored when it ends', async t => {
    const { cache, clock } = openWithClock(t)
    const options = { ...ON_ERROR, softTimeoutMs: 20 }
    await cache.getOrSet('key', () => 'old', options)
    clock.advance(1000)
    const pending = pendingLoad()
    const asks = [1, 2].map(() => cache.getOrSet('key', pending.load, options))
    assert.deepEqual(await within('the old values', Promise.all(asks)), ['old', 'old'])
    pending.finish('new')
    await until('the new value', () => cache.get('key') === 'new')
    assert.equal(pending.count, 1)
  })

  test('is what a load is given as staleValue', async t => {
    const { cache, clock } = openWithClock(t)
    const seen: unknown[] = []
    const load = ({ staleValue }: { staleValue: string | undefined }) => `${seen.push(staleValue)}`
    await cache.getOrSet('key', load, ON_ERROR)
    clock.advance(1000)
    assert.equal(await cache.getOrSet('key', load, ON_ERROR), '2')
    assert.deepEqual(seen, [undefined, '1'])
  })

  test('is returned after a soft deletion of its tag, until it is loaded again', async t => {
    const { cache } = openWithClock(t)
    const options = { ...STALE, tags: ['orders'] }
    await cache.getOrSet('key', () => 'old', options)
    cache.deleteTag('orders', { soft: true })
    assert.equal(await cache.getOrSet('key', () => 'new', options), 'old')
    await until('the new value', () => cache.get('key') === 'new')
  })

  test('is gone after a deletion of its tag or key, also for a load that fails', async t => {
    const { cache, clock } = openWithClock(t)
    for (const remove of [() => cache.deleteTag('orders'), () => cache.delete('key')]) {
      const options = { ...TTL, staleMs: 5000, staleIfErrorMs: 5000, tags: ['orders'] }
      await cache.getOrSet('key', () => 'old', options)
      clock.advance(1000)
      remove()
      await assert.rejects(
        cache.getOrSet('key', () => fail('down'), options),
        { message: 'down' },
      )
    }
    await cache.getOrSet('key', () => 'old', { ...ON_ERROR, tags: ['orders'] })
    clock.advance(1000)
    const load = () => {
      cache.deleteTag('orders')
      return fail('down')
    }
    await assert.rejects(cache.getOrSet('key', load, ON_ERROR), { message: 'down' })
  })

  test('stays when a background load fails, which is reported', async t => {
    const { cache, clock, errors } = openWithClock(t)
    await cache.getOrSet('key', () => 'old', STALE)
    clock.advance(1000)
    assert.equal(await cache.getOrSet('key', () => fail('down'), STALE), 'old')
    await until('the report', () => errors.length > 0)
    assert.equal(String(errors), 'Error: down')
    assert.equal(await cache.getOrSet('key', () => assert.fail('loaded'), STALE), 'old')
  })

  test('is removed when a load finds that there is no value any more', async t => {
    const { cache, clock } = openWithClock<string | undefined>(t)
    await cache.getOrSet('key', () => 'old', ON_ERROR)
    clock.advance(1000)
    assert.equal(await cache.getOrSet('key', () => undefined, ON_ERROR), undefined)
    assert.equal(cache.getEntry('key', { stale: true }), undefined)
  })

  test('stays when the load skips what it loaded', async t => {
    const { cache, clock } = openWithClock(t)
    await cache.getOrSet('key', () => 'old', ON_ERROR)
    clock.advance(1000)
    const load = ({ skip }: { skip: () => void }) => {
      skip()
      return 'only for you'
    }
    assert.equal(await cache.getOrSet('key', load, ON_ERROR), 'only for you')
    assert.equal(cache.getEntry('key', { stale: true })?.value, 'old')
  })
})

describe('a failure that no caller sees', () => {
  test('is one warning of the process without onError', async t => {
    const { clock, options } = openWithClock(t)
    const warnings: Error[] = []
    const note = (warning: Error) => warnings.push(warning)
    process.on('warning', note)
    t.after(() => process.off('warning', note))
    using cache = Cache.open<string>({ ...options, onError: undefined })
    for (const key of ['a', 'b']) await cache.getOrSet(key, () => 'old', ON_ERROR)
    clock.advance(1000)
    for (const key of ['a', 'b']) await cache.getOrSet(key, () => fail('down'), ON_ERROR)
    await until('the warning', () => warnings.length > 0)
    await new Promise(setImmediate)
    assert.deepEqual(
      warnings.map(warning => (warning as { code?: string }).code),
      ['UNDERCROFT_LOAD_FAILED'],
    )
  })
})

describe('a remembered result', () => {
  test('is told from a miss even if it is undefined, and ends after negativeTtlMs', async t => {
    const { cache, clock } = openWithClock<string | null | undefined>(t)
    for (const nothing of [undefined, null]) {
      const options = { ttlMs: 10_000, negativeTtlMs: 1000 }
      assert.equal(await cache.getOrSet('key', () => nothing, options), nothing)
      assert.equal(await cache.getOrSet('key', () => assert.fail('loaded'), options), nothing)
      assert.deepEqual([cache.has('key'), cache.getEntry('key')?.value], [true, nothing])
      clock.advance(1000)
      assert.equal(await cache.getOrSet('key', () => 'found', options), 'found')
      cache.delete('key')
    }
  })

  test('takes the TTL and the tags that the load decides', async t => {
    const { cache, clock } = openWithClock(t)
    const load = ({
      setTtl,
      setTags,
    }: {
      setTtl(ms: number): void
      setTags(t: string[]): void
    }) => {
      setTtl(200)
      setTags(['loaded'])
      return 'value'
    }
    await cache.getOrSet('key', load, { ttlMs: 1000, tags: ['given'] })
    assert.equal(cache.ttlMs('key'), 200)
    cache.deleteTag('given')
    assert.equal(cache.has('key'), true)
    cache.deleteTag('loaded')
    assert.equal(cache.has('key'), false)
    clock.advance(200)
    await assert.rejects(
      cache.getOrSet('key', ({ setTtl }) => String(setTtl(Number.NaN)), { ttlMs: 1000 }),
      hasCode('UNDERCROFT_OPTION_INVALID'),
    )
    await assert.rejects(
      cache.getOrSet('key', ({ setTags }) => String(setTags(['']))),
      hasCode('UNDERCROFT_TAGS_INVALID'),
    )
  })

  test('ends at different times with jitter, and never later than ttlMs', async t => {
    const { cache } = openWithClock(t)
    const left = new Set<number>()
    for (let i = 0; i < 50; i++) {
      await cache.getOrSet(`key ${i}`, () => 'value', { ttlMs: 100_000, jitter: 0.5 })
      left.add(cache.ttlMs(`key ${i}`) ?? Number.NaN)
    }
    assert.ok(left.size > 25, `${left.size} different ends`)
    assert.ok([...left].every(ms => ms > 49_999 && ms <= 100_000))
  })
})
