import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { encodeValue } from '../../src/codecs/index.ts'
import { Engine } from '../../src/engine/index.ts'
import type { Geometry } from '../../src/segment/index.ts'
import { ManualClock } from '../../testing/manual-clock.ts'
import { asText } from '../../testing/segments.ts'
import { openImage, RecordedSegment } from './recorded-segment.ts'

const BLOCK_SIZE = 16
const GEOMETRY: Geometry = {
  maxItems: 40,
  maxKeySize: 32,
  blockSize: BLOCK_SIZE,
  blockCount: 64,
  bitmap: true,
  hash: 'seeded',
  eviction: 'adaptive',
  ignoresTtl: false,
  checksums: false,
  maxTags: 8,
  eventPlaces: 0,
}

/** Runs of two: every second one is deleted, so 32 blocks are free, and no three in a row. */
const RUNS = 32
const LONG = 'x'.repeat(20 * BLOCK_SIZE)

describe('killed after any store of a set that moves other values away', () => {
  for (const checksums of [false, true]) {
    for (const key of ['new', 'k1']) {
      test(`of ${key}: no other item is lost or torn (checksums: ${checksums})`, t => {
        const geometry = { ...GEOMETRY, checksums }
        const clock = new ManualClock()
        const recorded = new RecordedSegment(geometry)
        t.after(() => recorded.restore())
        const engine = new Engine(recorded.segment, { clock, lockTimeoutMs: 1000 })
        for (let i = 0; i < RUNS; i++) store(engine, `k${i}`, pairFor(i))
        for (let i = 0; i < RUNS; i += 2) engine.delete(`k${i}`)
        const places = slotPlaces(engine)
        const images = recorded.record(() => store(engine, key, LONG))
        recorded.restore()
        const last = openImage(geometry, images.at(-1) ?? assert.fail())
        const after = new Engine(last, { clock, lockTimeoutMs: 1000 })
        const moved = slotPlaces(after).filter((place, index) => place !== places[index])
        assert.ok(moved.length > 5, `${moved.length} slots changed: values were moved`)
        assert.equal(after.get(key, asText), LONG)
        for (const [index, image] of images.entries())
          checkImage(geometry, image, clock, key, index)
        t.diagnostic(`${images.length} states`)
      })
    }
  }
})

function checkImage(
  geometry: Geometry,
  image: Buffer,
  clock: ManualClock,
  key: string,
  index: number,
): void {
  const engine = new Engine(openImage(geometry, image), { clock, lockTimeoutMs: 1000 })
  // Checks first as a survivor that only reads, and then again after a takeover.
  for (const round of ['reading', 'after recovery']) {
    for (let i = 1; i < RUNS; i += 2) {
      if (`k${i}` === key) continue
      assert.equal(engine.get(`k${i}`, asText), pairFor(i), `k${i} after store ${index}, ${round}`)
    }
    const own = engine.get(key, asText)
    const allowed = [undefined, LONG, ...(key === 'k1' ? [pairFor(1)] : [])]
    assert.ok(allowed.includes(own), `${key} after store ${index}, ${round}`)
    assert.deepEqual(engine.verify().problems, [])
  }
}

/** @returns where the value of each slot lies */
function slotPlaces(engine: Engine): (number | undefined)[] {
  return Array.from({ length: GEOMETRY.maxItems }, (_, i) =>
    engine.readSlot(i + 1, (_key, { offset }) => offset),
  )
}

function store(engine: Engine, key: string, value: string): void {
  assert.equal(engine.store(key, encodeValue(value), 0, 'set'), 'stored')
}

/** Of two blocks. */
function pairFor(index: number): string {
  return `${index}`.padEnd(2 * BLOCK_SIZE, '.')
}
