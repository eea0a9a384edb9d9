import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { encodeValue } from '../../src/codecs/index.ts'
import { STATE, STATE_OFFSET } from '../../src/segment/index.ts'
import { seededRandom } from '../../testing/random.ts'
import { asText, openBench } from '../../testing/segments.ts'

describe('whatever the memory says', () => {
  test('of trailers and tags, nothing but CORRUPT is thrown, and writing goes on', t => {
    const random = seededRandom(t)
    for (let turn = 0; turn < 400; turn++) {
      const bench = openBench({ blockSize: 128, maxTags: 16, eviction: 'lru' })
      const { engine, segment } = bench
      for (let i = 0; i < 5; i++)
        engine.store(`k${i}`, encodeValue('v'), 0, 'set', { tags: ['red', `t${i}`] })
      const { tagsOffset, blocksOffset, size } = segment.layout
      const [from, end] = random.pick([
        [tagsOffset, tagsOffset + 16 * 32],
        [blocksOffset, size],
        [STATE_OFFSET + STATE.fields.generation.offset, STATE_OFFSET + STATE.size],
      ] as const)
      for (let i = 0; i < 20; i++) {
        const word = from / 4 + random.below((end - from) / 4)
        segment.words[word] = random.pick([
          0,
          -1,
          1,
          2 ** 31 - 1,
          -(2 ** 31),
          random.below(2 ** 31),
        ])
      }
      for (let i = 0; i < 5; i++) {
        onlyCorrupt(() => engine.get(`k${i}`, asText))
        onlyCorrupt(() => engine.getEntry(`k${i}`, asText, true))
        onlyCorrupt(() => engine.readSlot(i + 1, key => key))
      }
      engine.deleteTag('red', false)
      const outcome = engine.store('new', encodeValue('n'), 0, 'set', { tags: ['red'] })
      assert.equal(outcome, 'stored')
      engine.upkeep.sweep()
    }
  })
})

function onlyCorrupt(act: () => unknown): void {
  try {
    act()
  } catch (error) {
    assert.equal((error as { code?: string }).code, 'UNDERCROFT_CORRUPT', String(error))
  }
}
