import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { crc32 } from 'node:zlib'
import { VALUE_TYPE } from '../../src/base/index.ts'
import { addBytes, addRun, addWord, addWords, CRC_START } from '../../src/engine/crc32.ts'
import { type Geometry, LOCK, LOCK_OFFSET } from '../../src/segment/index.ts'
import { seededRandom } from '../../testing/random.ts'
import { type Bench, openBench } from '../../testing/segments.ts'
import { slotOf, slotWord, stateWord } from './damage.ts'

/** The checksum of an item as docs/format/segment.md describes it. */
function documentedChecksum(bench: Bench, key: string): number {
  const { table, blocks } = bench.parts
  const slot = slotOf(bench, key)
  const padded = Buffer.alloc(Math.ceil(Buffer.byteLength(key) / 4) * 4)
  padded.write(key)
  const facts = Buffer.alloc(8)
  facts.writeInt32LE(table.info(slot), 0)
  facts.writeInt32LE(table.valueSize(slot), 4)
  const offset = blocks.offset(table.firstBlock(slot))
  const value = bench.segment.bytes.subarray(offset, offset + table.valueSize(slot))
  const end = Buffer.alloc(8)
  end.writeDoubleLE(table.expiresAtMs(slot))
  return crc32(Buffer.concat([padded, facts, value, end])) | 0
}

function storedChecksum(bench: Bench, key: string): number {
  const { words, layout } = bench.segment
  return words[layout.checksumsOffset / 4 + slotOf(bench, key) - 1] as number
}

const fresh = (initial: bigint) => ({ initial, expiresAtMs: 0, type: VALUE_TYPE.integer })

describe('CRC-32', () => {
  test('is that of zlib, for any length and however it is taken in', t => {
    const random = seededRandom(t)
    const bytes = Buffer.from(random.text(4096))
    const words = new Int32Array(bytes.buffer, bytes.byteOffset, 1024)
    for (let size = 0; size <= 600; size++) {
      const offset = 4 * random.below(800)
      const expected = crc32(bytes.subarray(offset, offset + size)) | 0
      assert.equal(~addBytes(CRC_START, words, bytes, offset, size), expected, `${size} bytes`)
      if (size % 4 === 0) assert.equal(~addRun(CRC_START, words, offset / 4, size / 4), expected)
    }
    const [a = 0, b = 0, c = 0] = words
    const expected = crc32(bytes.subarray(0, 12)) | 0
    assert.equal(~addWord(addWords(CRC_START, a, b), c), expected)
    assert.equal(~addWords(addWord(CRC_START, a), b, c), expected)
  })
})

const MODES: Readonly<Record<string, Partial<Geometry>>> = {
  'one block an item': { blockSize: 1024 },
  bitmap: { bitmap: true, blockSize: 16, blockCount: 500 },
}

for (const [title, mode] of Object.entries(MODES)) {
  describe(`the checksum of an item (${title})`, () => {
    test('is the documented one, whatever was done to the item', t => {
      const random = seededRandom(t)
      const bench = openBench({ ...mode, checksums: true, maxKeySize: 100, eviction: 'lru' })
      const keys = ['k', 'four', 'ключ', 'x'.repeat(32), 'x'.repeat(33), 'y'.repeat(100)]
      for (let step = 0; step < 1000; step++) {
        const key = random.pick(keys)
        const choice = random.below(10)
        if (choice === 0) bench.engine.delete(key)
        else if (choice === 1) bench.engine.touch(key, random.pick([0, 1, 2e12, 2.5e12]))
        else if (choice < 5) bench.engine.count(key, 'mul', -3n, fresh(BigInt(random.below(1e6))))
        else bench.set(key, random.text(random.below(random.pick([9, 60, 700]))), 1e6)
        if (!bench.engine.has(key)) continue
        assert.equal(storedChecksum(bench, key), documentedChecksum(bench, key), `step ${step}`)
        assert.equal(bench.segment.words[stateWord('unsealedSlot')], 0)
      }
      assert.deepEqual(bench.engine.verify().problems, [])
    })

    test('is missed by verify when any bit of what it covers has changed', () => {
      const bench = openBench({ ...mode, checksums: true })
      bench.set('key', 'value')
      const slot = slotOf(bench, 'key')
      const { bytes } = bench.segment
      const value = bench.parts.blocks.offset(bench.parts.table.firstBlock(slot))
      const facts = slotWord(bench, slot) * 4
      const end = facts + 24
      for (const at of [value, value + 4, end + 4, end + 6]) {
        const before = bytes[at] as number
        for (let bit = 0; bit < 8; bit++) {
          bytes[at] = before ^ (1 << bit)
          const problems = bench.engine.verify().problems.join('\n')
          assert.match(problems, /slot 1 has a checksum of something else/)
        }
        bytes[at] = before
      }
      assert.deepEqual(bench.engine.verify().problems, [])
    })

    test('follows from the item where its owner died before it could write it', () => {
      for (const spoil of [
        ({ parts }: Bench, slot: number) => parts.table.setExpiresAtMs(slot, 3e12),
        ({ segment, parts }: Bench, slot: number) => {
          segment.words[parts.blocks.offset(parts.table.firstBlock(slot)) / 4] = 4711
        },
      ]) {
        const bench = openBench({ ...mode, checksums: true })
        bench.set('other', 'value')
        bench.engine.count('n', 'inc', 1n, fresh(0n))
        const slot = slotOf(bench, 'n')
        bench.segment.words[stateWord('unsealedSlot')] = slot
        spoil(bench, slot)
        bench.segment.words[(LOCK_OFFSET + LOCK.fields.needsRecovery.offset) / 4] = 1
        assert.deepEqual(bench.engine.verify(), { ok: true, problems: [], items: 2 })
        assert.equal(storedChecksum(bench, 'n'), documentedChecksum(bench, 'n'))
        assert.equal(bench.segment.words[stateWord('unsealedSlot')], 0)
      }
    })
  })
}

test('without a store nobody pays for checksums: there is no room for them', () => {
  const plain = openBench()
  assert.equal(plain.parts.checksums, undefined)
  assert.equal(plain.segment.layout.checksumsOffset, plain.segment.layout.tagsOffset)
})
