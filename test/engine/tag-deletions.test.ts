import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { encodeValue } from '../../src/codecs/index.ts'
import {
  LOCK,
  LOCK_OFFSET,
  RECOVERY,
  STATE,
  STATE_OFFSET,
  TAG,
  TAG_GROUP_SIZE,
} from '../../src/segment/index.ts'
import { asText, type Bench, openBench } from '../../testing/segments.ts'

const GENERATION = (STATE_OFFSET + STATE.fields.generation.offset) / 8
const NEEDS_RECOVERY = (LOCK_OFFSET + LOCK.fields.needsRecovery.offset) / 4

function store({ engine }: Bench): void {
  engine.store('a', encodeValue('A'), 0, 'set', { tags: ['red'] })
}

function recover({ engine, segment }: Bench): void {
  segment.words[NEEDS_RECOVERY] = RECOVERY.rebuild
  assert.deepEqual(engine.verify().problems, [])
}

describe('a deletion whose writer was killed', () => {
  /** A cache with an item that is found, also by a stamp, and the moment of its tag's deletion. */
  const openTagged = () => {
    const bench = openBench({ blockSize: 128 })
    const { engine, segment } = bench
    store(bench)
    const { tagsOffset, tagGroupCount } = segment.layout
    const stride = TAG.size / 4
    const places = Array.from(
      { length: tagGroupCount * TAG_GROUP_SIZE },
      (_, i) => tagsOffset / 4 + i * stride,
    )
    const place = places.find(at => segment.words[at] !== 0) ?? assert.fail('no tag has a place')
    const deletedAt = place / 2 + TAG.fields.deletedAt.offset / 8
    const stamps = engine.createStamps(1)
    const found = () => {
      const byStamp = stamps.validate(0)
      const value = engine.get('a', asText)
      assert.equal(byStamp, value === 'A')
      return byStamp
    }
    engine.get('a', asText)
    stamps.write(0)
    return { bench, deletedAt, found }
  }

  test('before the tag was deleted never happened', () => {
    const { bench, found } = openTagged()
    bench.segment.doubles[GENERATION] += 1
    assert.equal(found(), true)
    recover(bench)
    assert.equal(bench.get('a'), 'A')
  })

  test('after that is complete, for readers of before, of meanwhile, and of later', () => {
    const { bench, deletedAt, found } = openTagged()
    const { doubles } = bench.segment
    doubles[GENERATION] += 1
    assert.equal(found(), true)
    doubles[deletedAt] = doubles[GENERATION]
    assert.equal(found(), false)
    recover(bench)
    assert.equal(bench.get('a'), undefined)
    store(bench)
    assert.equal(bench.get('a'), 'A')
  })

  test('is seen by those who stamped the item meanwhile', () => {
    const { bench, deletedAt } = openTagged()
    const { doubles } = bench.segment
    doubles[GENERATION] += 1
    assert.equal(bench.get('a'), 'A')
    const stamps = bench.engine.createStamps(1)
    stamps.write(0)
    assert.equal(stamps.validate(0), true)
    doubles[deletedAt] = doubles[GENERATION]
    doubles[GENERATION] += 1
    assert.equal(stamps.validate(0), false)
  })
})
