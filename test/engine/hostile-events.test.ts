import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { EVENT_KIND } from '../../src/segment/index.ts'
import { seededRandom } from '../../testing/random.ts'
import { openBench } from '../../testing/segments.ts'

const EVENT_PLACES = 4096
const PLACE_WORDS = 16

describe('whatever the memory says', () => {
  test('of events, a listener gets events or a gap, and events continue', t => {
    const random = seededRandom(t)
    for (let turn = 0; turn < 300; turn++) {
      const { engine, segment, set } = openBench({ eventPlaces: EVENT_PLACES })
      const { words, layout } = segment
      const reader = engine.readEvents()
      assert.ok(reader !== undefined)
      const count = 1 + random.below(5)
      for (let i = 0; i < count; i++) set(`key${i}`, 'v')
      const ring = layout.eventsOffset / 4
      for (let i = 0; i < 6; i++) {
        const word = ring + random.below((1 + count) * PLACE_WORDS)
        words[word] = random.pick([0, -1, 1, 2 ** 31 - 1, -(2 ** 31), random.below(2 ** 31)])
      }
      let events = 0
      for (let event = reader.next(); event !== undefined; event = reader.next()) {
        assert.ok(event.kind >= EVENT_KIND.set && event.kind <= EVENT_KIND.gap)
        assert.ok(event.key.length <= 255)
        assert.ok(event.missed === undefined || event.missed > 0)
        assert.ok(++events <= EVENT_PLACES, 'it ends')
      }
      set('later', 'v')
      const later = []
      for (let event = reader.next(); event !== undefined; event = reader.next()) later.push(event)
      assert.ok(later.length > 0 && later.length <= 2, 'the set, or a gap, or both')
      set('last', 'v')
      const last = reader.next()
      assert.ok(last?.kind === EVENT_KIND.gap || last?.key === 'last', JSON.stringify(last))
      reader.prepareToSleep()
      assert.equal(reader.next(), undefined)
    }
  })
})
