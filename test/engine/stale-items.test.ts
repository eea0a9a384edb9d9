import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { encodeValue } from '../../src/codecs/index.ts'
import type { Circumstances, Engine } from '../../src/engine/index.ts'
import { asText, type Bench, openBench } from '../../testing/segments.ts'

function store(engine: Engine, key: string, value: string, circumstances: Circumstances): string {
  return engine.store(key, encodeValue(value), 0, 'set', circumstances)
}

const entryOf = (engine: Engine, key: string, stale = true) => engine.getEntry(key, asText, stale)

const noProblems = ({ engine }: Bench) => assert.deepEqual(engine.verify().problems, [])

describe('stale items', () => {
  test('are misses for all but those who ask for them, until their end', () => {
    const bench = openBench({ blockSize: 128 })
    const { engine, clock } = bench
    const now = clock.nowMs()
    engine.store('a', encodeValue('A'), now + 30, 'set', { freshUntilMs: now + 10 })
    assert.equal(engine.has('a') && engine.found.expiresAtMs, now + 10)
    const fresh = { value: 'A', isStale: false, freshUntilMs: now + 10, expiresAtMs: now + 30 }
    assert.deepEqual(pick(entryOf(engine, 'a')), fresh)
    clock.advance(10)
    assert.equal(bench.get('a'), undefined)
    assert.equal(engine.has('a'), false)
    assert.equal(entryOf(engine, 'a', false), undefined)
    assert.deepEqual(pick(entryOf(engine, 'a')), { ...fresh, isStale: true })
    assert.equal(engine.upkeep.sweep(), 0)
    clock.advance(20)
    assert.equal(entryOf(engine, 'a'), undefined)
    assert.equal(engine.upkeep.sweep(), 1)
  })

  test('come of a soft deletion, and are gone after a hard one', () => {
    const bench = openBench({ blockSize: 128 })
    store(bench.engine, 'a', 'A', { tags: ['red'] })
    bench.engine.deleteTag('red', true)
    assert.equal(bench.get('a'), undefined)
    assert.equal(entryOf(bench.engine, 'a')?.isStale, true)
    assert.equal(bench.engine.store('a', encodeValue('B'), 0, 'add'), 'stored')
    store(bench.engine, 'b', 'B', { tags: ['red'] })
    assert.equal(bench.get('b'), 'B')
    bench.engine.deleteTag('red', false)
    assert.equal(entryOf(bench.engine, 'b'), undefined)
  })

  test('keep their time after a touch, which moves the end of their freshness', () => {
    for (const checksums of [false, true]) {
      const bench = openBench({ blockSize: 128, checksums })
      const { engine, clock } = bench
      const now = clock.nowMs()
      engine.store('a', encodeValue('A'), now + 30, 'set', { freshUntilMs: now + 10 })
      assert.equal(engine.touch('a', now + 100), true)
      const { freshUntilMs, expiresAtMs } = entryOf(engine, 'a') ?? {}
      assert.deepEqual([freshUntilMs, expiresAtMs], [now + 100, now + 120])
      noProblems(bench)
      clock.advance(100)
      assert.equal(engine.touch('a', now + 200), false)
    }
  })
})

function pick(entry: ReturnType<typeof entryOf>): object | undefined {
  if (entry === undefined) return undefined
  const { value, isStale, freshUntilMs, expiresAtMs } = entry
  return { value, isStale, freshUntilMs, expiresAtMs }
}
