/**
 * Memory that is taken as a cache fills, and what a full device means for it.
 */

import assert from 'node:assert/strict'
import fs from 'node:fs'
import { describe, test } from 'node:test'
import { UndercroftError } from '../../src/base/index.ts'
import { Engine } from '../../src/engine/engine.ts'
import {
  type Geometry,
  LOCK,
  LOCK_OFFSET,
  openSegment,
  RECOVERY,
  type Segment,
  STATE,
  STATE_OFFSET,
  segmentPath,
} from '../../src/segment/index.ts'
import { ANY_GEOMETRY } from '../../testing/any-geometry.ts'
import { ManualClock } from '../../testing/manual-clock.ts'
import { onEnd, type Scope } from '../../testing/scope.ts'
import { asText, text } from '../../testing/segments.ts'
import { memoryDir } from '../../testing/temp-dir.ts'

const ITEM_COUNT = 500
const VALUE = 'v'.repeat(8000)

const MODES: Readonly<Record<string, Partial<Geometry>>> = {
  'one block an item': { bitmap: false, blockSize: 8192, blockCount: ITEM_COUNT },
  'one block an item, LRU': {
    bitmap: false,
    blockSize: 8192,
    blockCount: ITEM_COUNT,
    eviction: 'lru',
  },
  bitmap: { bitmap: true, blockSize: 1024, blockCount: ITEM_COUNT * 9 },
  'bitmap, adaptive': {
    bitmap: true,
    blockSize: 1024,
    blockCount: ITEM_COUNT * 9,
    eviction: 'adaptive',
  },
}

/** A device that the test fills, under the segment of one cache. */
interface Device {
  readonly engine: Engine
  readonly segment: Segment
  readonly clock: ManualClock
  full: boolean
  /** Whether the writer is killed when it has taken memory, before it counts it. */
  kills: boolean
  /** The number of times that the cache asked for room. */
  asked: number
  fill(from: number, to: number): string[]
  takenSize(): number
  attach(): Engine
}

function openOnDevice(scope: Scope, mode: Partial<Geometry>): Device {
  const file = segmentPath('lazy', memoryDir(scope), undefined)
  const geometry: Geometry = {
    maxItems: ITEM_COUNT,
    maxKeySize: 512,
    blockSize: 8192,
    blockCount: ITEM_COUNT,
    bitmap: false,
    hash: 'seeded',
    eviction: 'none',
    ignoresTtl: false,
    checksums: false,
    maxTags: 0,
    eventPlaces: 0,
    ...mode,
  }
  const clock = new ManualClock()
  const open = () => {
    const segment = openSegment(file, ANY_GEOMETRY, () => geometry)
    onEnd(scope, () => segment.close())
    return segment
  }
  const segment = open()
  const { mapping } = segment
  const reserve = mapping.reserve.bind(mapping)
  mapping.reserve = (offset, size) => {
    device.asked++
    if (device.full) throw new UndercroftError('UNDERCROFT_NO_SPACE', 'the device is full')
    reserve(offset, size)
    if (device.kills) throw new Error('killed')
  }
  const engine = new Engine(segment, { clock, lockTimeoutMs: 1000 })
  const device: Device = {
    engine,
    segment,
    clock,
    full: false,
    kills: false,
    asked: 0,
    fill(from, to) {
      const outcomes: string[] = []
      for (let i = from; i < to; i++) outcomes.push(engine.store(keyOf(i), text(VALUE), 0, 'set'))
      return outcomes
    },
    takenSize: () => fs.statSync(file).blocks * 512,
    attach: () => new Engine(open(), { clock, lockTimeoutMs: 1000 }),
  }
  return device
}

/** A key whose end is not next to the slot. */
function keyOf(i: number): string {
  return `${i} `.padEnd(300, 'k')
}

for (const [title, mode] of Object.entries(MODES)) {
  describe(`a cache that takes memory as it fills (${title})`, () => {
    test('takes as much as its items need, and never more than its size', t => {
      const device = openOnDevice(t, mode)
      const empty = device.takenSize()
      assert.ok(empty < 1024 * 1024, `${empty} bytes without an item`)
      device.fill(0, 100)
      const some = device.takenSize()
      assert.ok(some < empty + 100 * 12_000 + 512 * 1024, `${some} bytes with 100 items`)
      assert.ok(device.fill(100, ITEM_COUNT).every(outcome => outcome === 'stored'))
      assert.equal(device.engine.stats().items, ITEM_COUNT)
      assert.ok(device.takenSize() <= device.segment.layout.size)
      assert.deepEqual(device.engine.verify().problems, [])
    })

    test('on a full device evicts or refuses, and keeps what it has', t => {
      const device = openOnDevice(t, mode)
      device.fill(0, 100)
      device.full = true
      const outcomes = device.fill(100, ITEM_COUNT)
      const { items, full, evicted } = device.engine.stats()
      assert.ok(items >= 100 && items < 300, `${items} items`)
      if (mode.eviction === undefined) {
        assert.equal(outcomes.filter(outcome => outcome === 'full').length, ITEM_COUNT - items)
        assert.equal(full, ITEM_COUNT - items)
        assert.equal(device.engine.get(keyOf(0), asText), VALUE)
      } else {
        assert.ok(outcomes.every(outcome => outcome === 'stored'))
        assert.equal(evicted, ITEM_COUNT - items)
        assert.equal(device.engine.get(keyOf(ITEM_COUNT - 1), asText), VALUE)
      }
      assert.deepEqual(device.engine.verify().problems, [])
    })

    test('asks a full device again after a second, and not with each set', t => {
      const device = openOnDevice(t, mode)
      device.fill(0, 100)
      device.full = true
      device.fill(100, 200)
      const { asked } = device
      device.fill(200, 300)
      assert.equal(device.asked, asked)
      device.full = false
      device.clock.advance(1000)
      device.fill(0, ITEM_COUNT)
      assert.equal(device.engine.stats().items, ITEM_COUNT)
    })

    test('shows the items of one opener to another that was there before', t => {
      const device = openOnDevice(t, mode)
      const other = device.attach()
      assert.equal(other.has(keyOf(0)), false)
      device.fill(0, ITEM_COUNT)
      for (let i = 0; i < ITEM_COUNT; i++) assert.equal(other.get(keyOf(i), asText), VALUE)
      assert.equal([...slotsOf(other)].length, ITEM_COUNT)
    })

    test('keeps its items when a writer is killed as it takes memory', t => {
      const device = openOnDevice(t, mode)
      device.fill(0, 100)
      device.kills = true
      assert.throws(() => device.fill(100, ITEM_COUNT), /killed/)
      device.kills = false
      const { items } = device.engine.stats()
      assert.ok(items >= 100 && items < 300)
      for (let i = 0; i < items; i++) assert.equal(device.engine.get(keyOf(i), asText), VALUE)
      assert.ok(device.fill(items, ITEM_COUNT).every(outcome => outcome === 'stored'))
      assert.ok(device.takenSize() <= device.segment.layout.size)
      assert.deepEqual(device.engine.verify().problems, [])
    })

    test('whose counts of memory are damaged drops what it may not touch', t => {
      for (const count of [-1, 0, 10]) {
        const device = openOnDevice(t, mode)
        device.fill(0, 100)
        for (const name of ['reservedSlotCount', 'reservedBlockCount'] as const) {
          device.segment.words[(STATE_OFFSET + STATE.fields[name].offset) / 4] = count
        }
        assert.equal(device.engine.verify().ok, false)
        const needsRecovery = (LOCK_OFFSET + LOCK.fields.needsRecovery.offset) / 4
        device.segment.words[needsRecovery] = RECOVERY.rebuild
        assert.deepEqual(device.engine.verify().problems, [])
        assert.ok(device.fill(0, ITEM_COUNT).every(outcome => outcome === 'stored'))
        assert.equal(device.engine.stats().items, ITEM_COUNT)
        assert.deepEqual(device.engine.verify().problems, [])
      }
    })
  })
}

function* slotsOf(engine: Engine): Generator<string> {
  for (let slot = 1; slot <= engine.slotCount; slot++) {
    const key = engine.readSlot(slot, found => found.toString())
    if (key !== undefined) yield key
  }
}
