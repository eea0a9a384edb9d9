import assert from 'node:assert/strict'
import path from 'node:path'
import { describe, test } from 'node:test'
import { systemClock } from '../../src/base/index.ts'
import { Engine } from '../../src/engine/engine.ts'
import { Cache } from '../../src/index.ts'
import { LOCK, LOCK_OFFSET, openSegment } from '../../src/segment/index.ts'
import { ManualClock } from '../../testing/manual-clock.ts'
import { openBench } from '../../testing/segments.ts'
import { memoryDir } from '../../testing/temp-dir.ts'

const OWNER = (LOCK_OFFSET + LOCK.fields.owner.offset) / 4
const NEXT_SERIAL = (LOCK_OFFSET + LOCK.fields.nextSerial.offset) / 4

describe('the writer lock', () => {
  test('left behind by this very attachment is taken back, and what it did is checked', () => {
    const { segment, set, get, engine } = openBench()
    set('k', 'v')
    segment.words[OWNER] = 1 // the first attachment: a vm time limit threw it out of the lock
    assert.equal(set('k', 'w'), 'stored')
    assert.equal(get('k'), 'w')
    assert.equal(engine.stats().takeovers, 1)
    assert.equal(segment.words[OWNER], 0)
  })

  test('of an owner that is gone is taken over, whatever its number', () => {
    const { segment, set, engine } = openBench()
    for (const owner of [4711, 0x7fff_ffff, -1, -0x8000_0000]) {
      segment.words[OWNER] = owner
      assert.equal(set('k', 'v'), 'stored')
    }
    assert.equal(engine.stats().takeovers, 4)
    assert.deepEqual(engine.verify().problems, [])
  })

  test('is free again after a change that failed, and the next one recovers', () => {
    const { segment, set, get, engine } = openBench()
    set('k', 'v')
    const source = {
      type: 0,
      size: 4,
      writeTo() {
        throw new Error('the bytes cannot be had')
      },
    }
    assert.throws(() => engine.store('k', source, 0, 'set'), /cannot be had/)
    assert.equal(segment.words[OWNER], 0)
    assert.equal(get('k'), undefined, 'half a value is never served')
    assert.equal(set('k', 'w'), 'stored')
    assert.equal(engine.stats().takeovers, 0)
    assert.deepEqual(engine.verify().problems, [])
  })

  test('gives no two openers one serial, even when the numbers begin again', t => {
    const file = path.join(memoryDir(t), 'lock')
    const { geometry } = openBench().segment
    const attach = () => openSegment(file, geometry, () => geometry)
    const options = { clock: systemClock, lockTimeoutMs: 1 }
    const segments = [attach(), attach(), attach()] as const
    const first = new Engine(segments[0], options)
    segments[0].words[NEXT_SERIAL] = 0x7fff_ffff
    const others = [new Engine(segments[1], options), new Engine(segments[2], options)]
    for (const owner of [1, 0x7fff_ffff]) {
      segments[0].words[OWNER] = owner
      const [bystander] = owner === 1 ? others.slice(1) : [first]
      assert.throws(() => bystander?.delete('k'), { code: 'UNDERCROFT_LOCK_TIMEOUT' })
    }
    for (const segment of segments) segment.close()
  })
})

describe('counters', () => {
  test('are exact for more openers than there are cells', t => {
    const clock = new ManualClock()
    const options = { name: 'many', directory: memoryDir(t), maxItems: 10, maxKeySize: 32, clock }
    const caches = Array.from({ length: 300 }, () => Cache.open(options))
    caches[0]?.set('k', 'v')
    for (const cache of caches) {
      cache.get('k')
      cache.get('k')
      cache.get('nobody')
    }
    const { hits, misses } = (caches[299] as Cache).stats()
    assert.deepEqual({ hits, misses }, { hits: 600, misses: 300 })
    for (const cache of caches.slice(1)) cache.close()
    assert.equal(caches[0]?.stats().hits, 600, 'a count outlives who counted')
    assert.equal(caches[0]?.stats().openers, 1)
    caches[0]?.close()
  })
})
