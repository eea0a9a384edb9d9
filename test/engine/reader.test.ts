import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import type { PreparedKey } from '../../src/engine/key.ts'
import { MISS, RETRY } from '../../src/engine/reader.ts'
import { SlotTable } from '../../src/engine/slot-table.ts'
import { LOCK, LOCK_OFFSET } from '../../src/segment/index.ts'
import { COLLIDING } from '../../testing/depths.ts'
import { asText, type Bench, openBench, text } from '../../testing/segments.ts'

const NEEDS_RECOVERY = (LOCK_OFFSET + LOCK.fields.needsRecovery.offset) / 4

/** A key that runs `hook` when it is first compared with the key of a slot. */
function hooked(key: PreparedKey, hook: () => void): PreparedKey {
  let pending = true
  const words = new Proxy(key.words, {
    get(target, name) {
      if (pending) {
        pending = false
        hook()
      }
      return Reflect.get(target, name)
    },
  })
  return Object.assign(Object.create(null), { hash: key.hash, size: key.size, words })
}

function collidingBench(): Bench {
  return openBench({ hash: 'murmur2', eviction: 'lru' })
}

describe('a read without the lock', () => {
  test('led into another chain by a reused slot tries again, and does not say miss', () => {
    const { set, key, engine, read } = collidingBench()
    for (const name of COLLIDING) set(name, name)
    // The newest item is the first of its chain; the item that is read comes after it.
    const wanted = hooked(key('abcd1'), () => {
      engine.delete('abcd4')
      set('elsewhere', 'x') // takes the slot that was freed
    })
    assert.equal(read(wanted, asText), RETRY)
    assert.equal(read(key('abcd1'), asText), 'abcd1')
  })

  test('does not say miss for a key that was moved behind it', () => {
    const { set, key, engine, read } = collidingBench()
    set('abcd1', 'there all the time')
    set('abcd2', 'first of the chain')
    const wanted = hooked(key('abcd1'), () => {
      engine.delete('abcd1')
      set('abcd1', 'and again')
    })
    assert.equal(read(wanted, asText), RETRY)
  })

  test('gives the new value, or tries again, when the value changes while it is copied', () => {
    const { set, attach } = collidingBench()
    set('k', 'old')
    const other = attach()
    let turns = 0
    const seen = other.get('k', (bytes, offset, size, type) => {
      const before = asText(bytes, offset, size, type)
      if (turns++ === 0) set('k', 'new value')
      return before
    })
    assert.equal(seen, 'new value')
    assert.equal(turns, 2)
  })

  test('throws nothing of what a decoder says about bytes that changed under it', () => {
    const { set, attach } = collidingBench()
    set('k', 'old')
    let turns = 0
    const seen = attach().get('k', (...args) => {
      if (turns++ > 0) return asText(...args)
      set('k', 'new')
      throw new SyntaxError('half of two values')
    })
    assert.equal(seen, 'new')
  })

  test('passes on what a decoder says about bytes that did not change', () => {
    const { set, attach, engine } = collidingBench()
    set('k', 'old')
    const fail = () => {
      throw new SyntaxError('bad value')
    }
    assert.throws(() => attach().get('k', fail), SyntaxError)
    assert.deepEqual(engine.verify().problems, [])
  })

  test('never sees another kind of value while a clear is under way', t => {
    const { set, get, clock, attach, read, key } = collidingBench()
    set('k', 'text', 1000)
    const cleared = t.mock.method(SlotTable.prototype, 'setInfo', function (this: SlotTable) {
      cleared.mock.restore()
      this.setInfo(1, 0)
      throw new Error('the process was killed here')
    })
    const other = attach()
    // The clock is asked between the comparison of the key and the value.
    const asked = t.mock.method(clock, 'nowMs', () => {
      asked.mock.restore()
      assert.throws(() => other.clear(), /killed/)
      return clock.nowMs()
    })
    const seen = read(key('k'), (_bytes, _offset, _size, kind) => {
      return kind
    })
    assert.equal(seen, RETRY)
    assert.equal(get('k'), undefined, 'and recovery ends what the clear began')
  })

  test('that finds an odd version and a free lock recovers by itself', () => {
    const { set, get, parts, key, engine } = collidingBench()
    for (const name of COLLIDING) set(name, name)
    const bucket = parts.table.bucketOf(key('abcd1').hash)
    parts.table.beginChange(bucket)
    for (const name of COLLIDING) assert.equal(get(name), name)
    assert.equal(parts.table.version(bucket) & 1, 0)
    assert.deepEqual(engine.verify().problems, [])
  })

  test('that finds an odd version of a writer who failed inside recovers, too', () => {
    const { set, get, parts, key, segment } = collidingBench()
    set('k', 'v')
    parts.table.beginChange(parts.table.bucketOf(key('k').hash))
    segment.words[NEEDS_RECOVERY] = 1
    assert.equal(get('k'), 'v')
    assert.equal(segment.words[NEEDS_RECOVERY], 0)
  })

  test('uses no size and no block that lies outside the blocks', () => {
    for (const [size, block] of [
      [0x7fff_ffff, 0],
      [-1, 0],
      [64, 0x7fff_ffff],
      [64, -1],
      [64, -0x8000_0000],
      [64, -10],
    ] as const) {
      const { set, parts, key, read } = collidingBench()
      set('k', 'v')
      const slot = parts.table.find(parts.table.bucketOf(key('k').hash), key('k'))
      parts.table.setValueSize(slot, size)
      parts.table.setFirstBlock(slot, block)
      const decode = () => assert.fail(`decoded ${size} bytes at block ${block}`)
      assert.throws(() => read(key('k'), decode), { code: 'UNDERCROFT_CORRUPT' })
    }
  })

  test('ends at a chain that loops or leads out of the table', () => {
    for (const next of [1, -1, 11, 0x7fff_ffff, -0x8000_0000]) {
      const { set, parts, key, read, segment } = collidingBench()
      set('abcd1', 'v')
      const nextOfSlot1 = segment.layout.slotsOffset / 4 + 1
      assert.equal(parts.table.nextSlot(1), 0)
      segment.words[nextOfSlot1] = next
      assert.throws(() => read(key('abcd2'), asText), { code: 'UNDERCROFT_CORRUPT' })
      assert.equal(read(key('abcd1'), asText), 'v', 'what comes before is still there')
    }
  })

  test('of a chain that a writer then finds broken gets what recovery saved', () => {
    const { set, get, segment, engine } = collidingBench()
    set('abcd1', 'v')
    set('abcd2', 'w')
    segment.words[segment.layout.slotsOffset / 4 + 1] = 1
    assert.throws(() => get('abcd3'), { code: 'UNDERCROFT_CORRUPT' })
    assert.equal(set('abcd3', 'x'), 'stored')
    assert.deepEqual(['abcd1', 'abcd2', 'abcd3'].map(get), ['v', 'w', 'x'])
    assert.deepEqual(engine.verify().problems, [])
  })

  test('sees a miss for what expired, and asks again if it was replaced meanwhile', t => {
    const { set, clock, read, key } = collidingBench()
    set('k', 'old', 10)
    clock.advance(10)
    assert.equal(read(key('k'), asText), MISS)
    const asked = t.mock.method(clock, 'nowMs', () => {
      asked.mock.restore()
      set('k', 'new')
      return clock.nowMs()
    })
    assert.equal(read(key('k'), asText), RETRY)
  })
})

/** A slot that passes to the key "other" just before a read loads the version of the old chain. */
function reusedSlot(t: TestContext): Bench {
  const bench = collidingBench()
  bench.set('abcd1', 'one')
  const loaded = t.mock.method(
    SlotTable.prototype,
    'version',
    function (this: SlotTable, bucket: number) {
      loaded.mock.restore()
      bench.engine.delete('abcd1')
      bench.set('other', 'two') // the same slot, under a version that this read does not watch
      return this.version(bucket)
    },
  )
  return bench
}

describe('iteration', () => {
  test('reads a slot again that was given to another item meanwhile', () => {
    const { set, engine } = collidingBench()
    set('abcd1', 'one')
    let turns = 0
    const seen = engine.readSlot(1, (key, { offset, size }) => {
      if (turns++ === 0) {
        engine.delete('abcd1')
        engine.store('other', text('two'), 0, 'set')
      }
      return [key.toString(), asText(engine.segment.bytes, offset, size, 0)]
    })
    assert.deepEqual(seen, ['other', 'two'])
    assert.equal(turns, 2)
  })

  test('is not fooled by a slot that left its chain before the version was loaded', t => {
    const { set, engine } = reusedSlot(t)
    let turns = 0
    const seen = engine.readSlot(1, (_key, { offset, size }) => {
      const before = asText(engine.segment.bytes, offset, size, 0)
      if (turns++ === 0) set('other', 'changed')
      return before
    })
    assert.equal(seen, 'changed')
  })

  test('throws nothing of what a decoder says about a slot that left its chain before', t => {
    const { set, engine } = reusedSlot(t)
    let turns = 0
    const seen = engine.readSlot(1, (_key, { offset, size }) => {
      if (turns++ > 0) return asText(engine.segment.bytes, offset, size, 0)
      set('other', 'changed')
      throw new SyntaxError('half of two values')
    })
    assert.equal(seen, 'changed')
    assert.equal(turns, 2)
  })

  test('is not fooled by a slot whose first key comes back to it', t => {
    const { engine, parts, key } = reusedSlot(t)
    let turns = 0
    const seen = engine.readSlot(1, (_key, { offset, size }) => {
      turns++
      const before = asText(engine.segment.bytes, offset, size, 0)
      engine.delete('other')
      // As far as a writer comes with a new item before it makes the version odd.
      parts.table.writeKey(parts.table.allocate(), key('abcd1'))
      return before
    })
    assert.equal(seen, undefined)
    assert.equal(turns, 1)
  })

  test('passes on what a decoder says about a slot that did not change', () => {
    const { set, engine } = collidingBench()
    set('k', 'old')
    const fail = () => {
      throw new SyntaxError('bad value')
    }
    assert.throws(() => engine.readSlot(1, fail), SyntaxError)
    assert.deepEqual(engine.verify().problems, [])
  })

  test('drops an item whose value lies nowhere, and goes on', () => {
    const { set, engine, parts } = collidingBench()
    set('a', 'one')
    set('b', 'two')
    parts.table.setValueSize(1, 0x7fff_ffff)
    const keys = [1, 2].map(slot => engine.readSlot(slot, key => key.toString()))
    assert.deepEqual(keys, [undefined, 'b'])
    assert.deepEqual(engine.verify().problems, [])
  })

  test('never shows bytes from outside the blocks as a value', () => {
    const { set, engine, parts } = collidingBench()
    set('a', 'one')
    parts.table.setFirstBlock(1, -1)
    assert.equal(
      engine.readSlot(1, () => 'shown'),
      undefined,
    )
    assert.deepEqual(engine.verify().problems, [])
  })
})
