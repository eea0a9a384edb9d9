import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { encodeValue } from '../../src/codecs/index.ts'
import type { Circumstances, Engine } from '../../src/engine/index.ts'
import { LOCK, LOCK_OFFSET, RECOVERY } from '../../src/segment/index.ts'
import { seededRandom } from '../../testing/random.ts'
import { asText, type Bench, openBench } from '../../testing/segments.ts'

const MODES = {
  'one block an item': {},
  bitmap: { bitmap: true, blockSize: 16, blockCount: 200 },
  'a store': { checksums: true },
  'bitmap, a store': { bitmap: true, blockSize: 16, blockCount: 200, checksums: true },
} as const

const NEEDS_RECOVERY = (LOCK_OFFSET + LOCK.fields.needsRecovery.offset) / 4

function store(engine: Engine, key: string, value: string, circumstances: Circumstances): string {
  return engine.store(key, encodeValue(value), 0, 'set', circumstances)
}

const entryOf = (engine: Engine, key: string, stale = true) => engine.getEntry(key, asText, stale)

const noProblems = ({ engine }: Bench) => assert.deepEqual(engine.verify().problems, [])

for (const [mode, geometry] of Object.entries(MODES)) {
  describe(`tags (${mode})`, () => {
    const open = (more = {}) => openBench({ blockSize: 128, ...geometry, ...more })

    test('a deleted tag takes its items with it, and no others, in every opener', () => {
      const bench = open()
      const other = bench.attach()
      store(bench.engine, 'a', 'A', { tags: ['red'] })
      store(bench.engine, 'b', 'B', { tags: ['blue', 'red'] })
      store(bench.engine, 'c', 'C', { tags: ['blue'] })
      bench.set('d', 'D')
      bench.engine.deleteTag('red', false)
      for (const engine of [bench.engine, other]) {
        const found = ['a', 'b', 'c', 'd'].map(key => engine.get(key, asText))
        assert.deepEqual(found, [undefined, undefined, 'C', 'D'])
        assert.equal(engine.has('a'), false)
        assert.equal(engine.peek('b', asText), undefined)
        assert.equal(
          engine.readSlot(1, key => key.toString()),
          undefined,
        )
        assert.equal(
          engine.readSlot(3, key => key.toString()),
          'c',
        )
      }
      noProblems(bench)
    })

    test('an item stored after the deletion is there', () => {
      const bench = open()
      bench.engine.deleteTag('red', false)
      store(bench.engine, 'a', 'A', { tags: ['red'] })
      assert.equal(bench.get('a'), 'A')
      bench.engine.deleteTag('red', false)
      assert.equal(bench.get('a'), undefined)
      store(bench.engine, 'a', 'new', { tags: ['red'] })
      assert.equal(bench.get('a'), 'new')
      noProblems(bench)
    })

    test('a set without tags removes them', () => {
      const bench = open()
      store(bench.engine, 'a', 'A', { tags: ['red'] })
      bench.set('a', 'plain')
      bench.engine.deleteTag('red', false)
      assert.equal(bench.get('a'), 'plain')
    })

    test('a value is told apart from what is stored behind it, whatever its size', () => {
      const bench = open()
      const tags = ['red', 'käse', 'x'.repeat(15)]
      for (let size = 0; size < 30; size++) {
        const value = 'v'.repeat(size)
        assert.equal(store(bench.engine, 'a', value, { tags }), 'stored')
        assert.equal(bench.get('a'), value)
        assert.deepEqual(entryOf(bench.engine, 'a')?.tags, tags)
        noProblems(bench)
      }
    })

    test('what is gone is absent for add, replace, touch, counters and delete', () => {
      const bench = open()
      const { engine } = bench
      const gone = (key: string) => {
        engine.store(key, encodeValue(5), 0, 'set', { tags: ['red'] })
        engine.deleteTag('red', false)
      }
      gone('a')
      assert.equal(engine.store('a', encodeValue(1), 0, 'replace'), 'absent')
      assert.equal(engine.touch('a', 0), false)
      assert.equal(engine.count('a', 'inc', 1n, undefined), 'absent')
      assert.equal(engine.store('a', encodeValue('B'), 0, 'add'), 'stored')
      assert.equal(bench.get('a'), 'B')
      gone('n')
      assert.equal(engine.count('n', 'inc', 1n, { initial: 0n, expiresAtMs: 0, type: 5 }), 1n)
      gone('d')
      assert.equal(engine.delete('d'), false)
      noProblems(bench)
    })

    test('a counter keeps its tags while it counts', () => {
      const bench = open()
      const { engine } = bench
      const fresh = { initial: 0n, expiresAtMs: 0, type: 5, circumstances: { tags: ['hits'] } }
      for (const expected of [1n, 2n, 3n]) {
        assert.equal(engine.count('n', 'inc', 1n, fresh), expected)
        noProblems(bench) // in a store, the checksum is right after each change in place
      }
      engine.deleteTag('hits', false)
      assert.equal(engine.count('n', 'inc', 1n, fresh), 1n)
    })

    test('a sweep frees the room of what is gone, and counts it apart', () => {
      const bench = open()
      store(bench.engine, 'a', 'A', { tags: ['red'] })
      store(bench.engine, 'b', 'B', { tags: ['blue'] })
      assert.equal(bench.engine.upkeep.sweep(), 0)
      bench.engine.deleteTag('red', false)
      assert.equal(bench.engine.upkeep.sweep(), 1)
      assert.equal(bench.engine.upkeep.sweep(), 0)
      const { items, expired, invalidated } = bench.engine.stats()
      assert.deepEqual({ items, expired, invalidated }, { items: 1, expired: 0, invalidated: 1 })
      noProblems(bench)
    })

    test('a full cache gives up what is gone before anything else', () => {
      const bench = open({ maxItems: 5, blockCount: 5, blockSize: 128, eviction: 'adaptive' })
      bench.set('live', 'L')
      for (let i = 0; i < 4; i++) store(bench.engine, `k${i}`, 'v', { tags: ['red'] })
      bench.engine.deleteTag('red', false)
      for (let i = 0; i < 4; i++) bench.set(`new${i}`, 'n')
      assert.equal(bench.get('live'), 'L')
      assert.equal(bench.engine.stats().evicted, 0)
      noProblems(bench)
    })

    test('recovery keeps items with their tags, and what was deleted stays deleted', () => {
      const bench = open()
      store(bench.engine, 'a', 'A', { tags: ['red'] })
      store(bench.engine, 'b', 'B', { tags: ['blue'] })
      bench.engine.deleteTag('red', false)
      bench.segment.words[NEEDS_RECOVERY] = RECOVERY.rebuild
      noProblems(bench)
      assert.equal(bench.get('a'), undefined)
      assert.equal(bench.get('b'), 'B')
      bench.engine.deleteTag('blue', false)
      assert.equal(bench.get('b'), undefined)
    })
  })
}

describe('a value that was made before a tag was deleted', () => {
  for (const known of [true, false]) {
    test(`is not stored, whether the tag was known before (${known})`, () => {
      const bench = openBench({ blockSize: 128 })
      if (known) store(bench.engine, 'other', 'o', { tags: ['red'] })
      const madeAt = bench.engine.generation
      bench.engine.deleteTag('red', false)
      assert.equal(store(bench.engine, 'a', 'old', { tags: ['x', 'red'], madeAt }), 'outdated')
      assert.equal(bench.get('a'), undefined)
      const later = bench.engine.generation
      assert.equal(store(bench.engine, 'a', 'new', { tags: ['red'], madeAt: later }), 'stored')
      assert.equal(bench.get('a'), 'new')
      noProblems(bench)
    })
  }

  test('is stored if only other tags were deleted, even into a full table of tags', () => {
    const bench = openBench({ blockSize: 128, maxTags: 8 })
    for (let i = 0; i < 20; i++) store(bench.engine, 'k', 'v', { tags: [`tag-${i}`] })
    const madeAt = bench.engine.generation
    bench.engine.deleteTag('tag-19', false)
    assert.equal(store(bench.engine, 'a', 'A', { tags: ['new'], madeAt }), 'stored')
    assert.equal(bench.get('a'), 'A')
  })

  test('is not stored if its deleted tag lost its place since', () => {
    const bench = openBench({ blockSize: 128, maxTags: 8 })
    const madeAt = bench.engine.generation
    bench.engine.deleteTag('red', false)
    for (let i = 0; i < 20; i++) store(bench.engine, 'k', 'v', { tags: [`tag-${i}`] })
    assert.equal(store(bench.engine, 'a', 'old', { tags: ['red'], madeAt }), 'outdated')
  })

  test('is stored as a stale one if the deletion was soft', () => {
    const bench = openBench({ blockSize: 128 })
    const madeAt = bench.engine.generation
    bench.engine.deleteTag('red', true)
    assert.equal(store(bench.engine, 'a', 'old', { tags: ['red'], madeAt }), 'stored')
    assert.equal(bench.get('a'), undefined)
    assert.equal(entryOf(bench.engine, 'a')?.value, 'old')
  })
})

describe('more tags than places', () => {
  test('invalidate items, and never bring one back', t => {
    const random = seededRandom(t)
    const bench = openBench({ blockSize: 256, maxItems: 30, maxTags: 16, eviction: 'adaptive' })
    const { engine } = bench
    const tagsOf = new Map<string, string[]>()
    let lost = 0
    for (let turn = 0; turn < 3000; turn++) {
      const tag = `tag-${random.below(40)}`
      if (random.chance(0.2)) {
        engine.deleteTag(tag, false)
        for (const [key, tags] of tagsOf) {
          if (!tags.includes(tag)) continue
          assert.equal(engine.get(key, asText), undefined, `${key} of ${tag}`)
          tagsOf.delete(key)
        }
      } else {
        const key = `key-${random.below(20)}`
        const tags = Array.from({ length: 1 + random.below(3) }, () => `tag-${random.below(40)}`)
        assert.equal(store(engine, key, 'v', { tags }), 'stored')
        assert.equal(engine.get(key, asText), 'v')
        tagsOf.set(key, tags)
      }
      for (const key of tagsOf.keys()) {
        if (engine.has(key)) continue
        tagsOf.delete(key)
        lost++
      }
    }
    noProblems(bench)
    assert.ok(engine.stats().tagsEvicted > 100 && lost > 10)
  })

  test('of one item: it is stored, and gone with any of them', () => {
    const tags = Array.from({ length: 64 }, (_, i) => `tag-${i}`)
    for (const tag of ['tag-0', 'tag-31', 'tag-63']) {
      const bench = openBench({ blockSize: 2048, maxTags: 8 })
      assert.equal(store(bench.engine, 'a', 'A', { tags }), 'stored')
      assert.equal(bench.get('a'), 'A')
      assert.deepEqual(entryOf(bench.engine, 'a')?.tags, tags)
      noProblems(bench)
      bench.engine.deleteTag(tag, false)
      assert.equal(bench.get('a'), undefined, tag)
    }
  })

  test('survive a clear, because a value that is being loaded may still be stored', () => {
    const bench = openBench({ blockSize: 128 })
    const madeAt = bench.engine.generation
    bench.engine.deleteTag('red', false)
    bench.engine.clear()
    assert.equal(store(bench.engine, 'a', 'old', { tags: ['red'], madeAt }), 'outdated')
  })
})

describe('tags that are refused', () => {
  const bench = openBench({ blockSize: 128 })
  const refused = (tags: unknown, message: RegExp, of = bench) =>
    assert.throws(() => store(of.engine, 'a', 'A', { tags: tags as string[] }), {
      code: 'UNDERCROFT_TAGS_INVALID',
      message,
    })

  test('are named, with what is allowed; the cache stays as it was', () => {
    bench.set('a', 'before')
    refused([''], /1 to 255 bytes.*""/)
    refused(['x'.repeat(256)], /256 bytes/)
    refused(['ä'.repeat(128)], /256 bytes/)
    refused([7], /strings; got 7/)
    refused(['\ud800'], /well-formed/)
    refused(
      Array.from({ length: 65 }, (_, i) => `t${i}`),
      /at most 64; got 65/,
    )
    assert.equal(bench.get('a'), 'before')
    assert.throws(() => bench.engine.deleteTag('', false), { code: 'UNDERCROFT_TAGS_INVALID' })
  })

  test('are all of them in a cache without places for tags', () => {
    const none = openBench({ maxTags: 0 })
    refused(['red'], /maxTags: 0/, none)
    assert.equal(store(none.engine, 'a', 'A', { tags: [], freshUntilMs: 1 }), 'stored')
  })

  test('leave no room for the value: it is too large, and says with how many bytes', () => {
    const small = openBench({ blockSize: 32 })
    assert.throws(() => store(small.engine, 'a', 'A', { tags: ['red'] }), {
      code: 'UNDERCROFT_VALUE_TOO_LARGE',
      message: /48 bytes/,
    })
  })
})
