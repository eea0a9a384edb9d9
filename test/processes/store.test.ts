import assert from 'node:assert/strict'
import fs from 'node:fs'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { Cache, type CacheOptions } from '../../src/index.ts'
import { Child } from '../../testing/child.ts'
import { until } from '../../testing/deadline.ts'
import { StoreFile } from '../../testing/store-file.ts'
import { tempDir } from '../../testing/temp-dir.ts'
import { CacheProcess, openHere, startProcesses } from './cache-process.ts'
import { faultOf } from './checked-value.ts'
import type { StormMessage, StormTask } from './storm-child.ts'

const COUNTER = 'counter'

function ownStore<O extends Partial<CacheOptions>>(t: TestContext, options: O) {
  return { name: 'kept', store: join(tempDir(t), 'kept.store'), ...options }
}

const MODES: readonly (readonly [string, Partial<CacheOptions>])[] = [
  ['one block an item', { maxItems: 120, bitmap: false }],
  ['bitmap', { maxItems: 200, blockSize: 64, blocks: 1000 }],
]

describe('a store, when all its processes are killed at once', () => {
  for (const [mode, sizes] of MODES) {
    test(`${mode}: has every increment that was answered, and nothing torn`, async t => {
      const options = ownStore(t, sizes)
      let acknowledged = 0
      let killed = 0
      for (let round = 0; round < 2; round++) {
        const before = acknowledged
        const children = await startWriters(t, options, round, () => acknowledged++)
        await until('all of them write', () => acknowledged > before + 100)
        await Promise.all(children.map(child => child.kill()))
        killed += children.length
        const cache = Cache.open(options)
        const count = cache.increment(COUNTER, 0) ?? 0
        assert.ok(count >= acknowledged, `${count} of ${acknowledged} increments are left`)
        assert.ok(count <= acknowledged + killed, 'each can have died with one unanswered')
        assert.deepEqual(cache.verify().problems, [])
        const keys = [...cache.keys()].filter(key => key !== COUNTER)
        assert.ok(keys.length > 20)
        for (const key of keys) {
          const value = cache.get(key)
          if (value !== undefined) assert.equal(faultOf(key, value), undefined)
        }
        cache.close()
      }
    })
  }
})

async function startWriters(
  t: TestContext,
  options: CacheOptions,
  round: number,
  onCount: () => void,
): Promise<Child<StormTask, StormMessage>[]> {
  const script = new URL('./storm-child.js', import.meta.url)
  return Promise.all(
    [1, 2, 3].map(async n => {
      const child = await Child.start<StormTask, StormMessage>(t, script)
      child.send({ options, counter: COUNTER, role: 'writer', seed: round * 10 + n })
      void listen(child, onCount)
      return child
    }),
  )
}

/** Until it is gone. */
async function listen(child: Child<StormTask, StormMessage>, onCount: () => void): Promise<void> {
  for (;;) {
    const message = await child.next().catch(() => undefined)
    if (message === undefined) return
    if (message.kind === 'counted') onCount()
  }
}

describe('a store, opened by a new process after all others were killed', () => {
  test('has its free blocks: new items overwrite none (F17)', async t => {
    const sizes = { maxItems: 100, blockSize: 32, blocks: 300, eviction: 'none' } as const
    const options = ownStore(t, sizes)
    const child = await CacheProcess.start(t, options)
    const valueFor = (i: number) => `value ${i} `.repeat(1 + (i % 12))
    for (let i = 0; i < 50; i++) await child.call('set', `old-${i}`, valueFor(i))
    for (let i = 0; i < 50; i += 3) await child.call('delete', `old-${i}`)
    const { freeBlocks } = (await child.call('stats')) as { freeBlocks: number }
    await child.kill()
    const cache = openHere(t, options)
    assert.equal(cache.stats().freeBlocks, freeBlocks)
    let added = 0
    while (cache.set(`new-${added}`, 'n'.repeat(70))) added++
    assert.ok(added > 10)
    for (let i = 0; i < 50; i++) {
      assert.equal(cache.get(`old-${i}`), i % 3 === 0 ? undefined : valueFor(i))
    }
  })

  test('evicts what was used least recently before (F15)', async t => {
    const options = ownStore(t, { maxItems: 20, eviction: 'lru' })
    const child = await CacheProcess.start(t, options)
    for (let i = 0; i < 20; i++) await child.call('set', `k${i}`, i)
    for (const i of [3, 0, 7, 1]) await child.call('get', `k${i}`)
    await child.kill()
    const cache = openHere(t, options)
    for (let i = 0; i < 16; i++) assert.equal(cache.set(`new-${i}`, i), true)
    assert.deepEqual([...cache.keys()].filter(key => key.startsWith('k')).sort(), [
      ...['k0', 'k1', 'k3', 'k7'],
    ])
    for (const [evicted, left] of [
      ['k3', ['k0', 'k1', 'k7']],
      ['k0', ['k1', 'k7']],
      ['k7', ['k1']],
      ['k1', []],
    ] as const) {
      cache.set(`after-${evicted}`, 1)
      assert.deepEqual([...cache.keys()].filter(key => /^k/.test(key)).sort(), left)
    }
  })

  test('ends its items when they were to end', async t => {
    const options = ownStore(t, { maxItems: 20 })
    const child = await CacheProcess.start(t, options)
    await child.call('set', 'short', 1, { ttlMs: 1 })
    await child.call('set', 'long', 1, { ttlMs: 3_600_000 })
    await child.call('set', 'endless', 1)
    await child.kill()
    const cache = openHere(t, options)
    await until('the short one has ended', () => cache.get('short') === undefined)
    const left = cache.ttlMs('long') ?? 0
    assert.ok(left > 3_500_000 && left <= 3_600_000, `${left} ms left`)
    assert.equal(cache.ttlMs('endless'), Infinity)
  })
})

describe('a store that does not fit', () => {
  test('is refused with each difference, and stays as it was', async t => {
    const options = ownStore(t, { maxItems: 20 })
    const [first, second] = await startProcesses(t, 2)
    await first?.open(options)
    await first?.call('set', 'k', 'v')
    await first?.kill()
    const image = fs.readFileSync(options.store)
    await assert.rejects(second?.open({ ...options, maxItems: 22, bitmap: false }) ?? fail(), {
      code: 'UNDERCROFT_GEOMETRY_MISMATCH',
      message: /maxItems is 20, asked for was 22; bitmap is true, asked for was false/,
    })
    assert.deepEqual(fs.readFileSync(options.store), image)
    const cache = openHere(t, { name: 'kept', store: options.store })
    assert.equal(cache.get('k'), 'v')
  })

  test('because it was made without checksums is refused, too', t => {
    const directory = tempDir(t)
    Cache.open({ name: 'kept', directory, maxItems: 20 }).close()
    const store = join(directory, 'kept.undercroft')
    assert.throws(() => Cache.open({ name: 'kept', store }), {
      code: 'UNDERCROFT_GEOMETRY_MISMATCH',
      message: /store is false, asked for was true/,
    })
  })
})

describe('the file of a store', () => {
  test('is marked as whole by the last to close it, and by nobody else', async t => {
    const options = ownStore(t, { maxItems: 20 })
    const file = new StoreFile(options.store)
    const [first, second] = await startProcesses(t, 2, options)
    assert.equal(file.isClosed, false)
    await first?.call('set', 'k', 'v')
    await first?.call('close')
    assert.equal(file.isClosed, false, 'the second has it open')
    await second?.call('close')
    assert.equal(file.isClosed, true)
    await second?.open(options)
    assert.equal(file.isClosed, false)
    assert.equal(await second?.call('get', 'k'), 'v')
    await second?.kill()
    assert.equal(file.isClosed, false)
  })

  test('is so, too, when the last ones close it at the same moment', async t => {
    const options = ownStore(t, { maxItems: 20 })
    const file = new StoreFile(options.store)
    const processes = await startProcesses(t, 3)
    for (let turn = 0; turn < 20; turn++) {
      await Promise.all(processes.map(one => one.open(options)))
      assert.equal(file.isClosed, false)
      await Promise.all(processes.map(one => one.call('close')))
      assert.equal(file.isClosed, true, `turn ${turn}`)
    }
  })
})

function fail(): never {
  throw new Error('there is no second process')
}
