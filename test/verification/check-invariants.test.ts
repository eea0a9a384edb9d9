import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { ITEM_COUNT } from '../../src/engine/state.ts'
import { randomFrom } from '../../testing/random.ts'
import { onEnd } from '../../testing/scope.ts'
import { partsOf } from '../../testing/segments.ts'
import { HeldClock } from '../../verification/storm/held-clock.ts'
import { judge } from '../../verification/storm/judge.ts'
import { MODES, type Mode } from '../../verification/storm/modes.ts'
import { Notebook } from '../../verification/storm/notebook.ts'
import { makeValue } from '../../verification/storm/patterns.ts'
import {
  counterOf,
  countOwn,
  deleteItem,
  getItem,
  keyOf,
  type Player,
  storeItem,
  touchItem,
} from '../../verification/storm/player.ts'
import { openHere, ownCache } from '../processes/cache-process.ts'

const NAME = 'dead'

function modeOf(keepsAll: boolean): Mode {
  const mode = MODES.find(known => known.keepsAll === keepsAll)
  if (mode === undefined) throw new Error('there is no such mode')
  return mode
}

/** An actor that did some things and died then. */
function play(t: TestContext, keepsAll = true): Player {
  const mode = modeOf(keepsAll)
  const options = ownCache(t, mode.options)
  const notebook = new Notebook(join(options.directory, 'notebook'))
  onEnd(t, () => notebook.close())
  const clock = new HeldClock()
  const cache = openHere(t, { ...options, clock })
  const player = { name: NAME, mode, cache, clock, notebook, random: randomFrom(1) }
  for (let key = 0; key < 10; key++) storeItem(player, key, 50, 'set')
  deleteItem(player, 0)
  touchItem(player, 1)
  countOwn(player, 'increment')
  return player
}

function assertFound(player: Player, pattern: RegExp): void {
  const faults = judge(player)
  assert.ok(
    faults.some(fault => pattern.test(fault)),
    `found were ${JSON.stringify(faults)}`,
  )
}

const ownValue = (key: number, version: number) =>
  makeValue({ key: keyOf(NAME, key), version, endsAtMs: 0 }, 20)

describe('after a death', () => {
  test('nothing is wrong with what the notebook says', t => {
    assert.deepEqual(judge(play(t)), [])
  })

  test('an item that is not there is missed', t => {
    const player = play(t)
    player.cache.delete(keyOf(NAME, 5))
    assertFound(player, /was lost/)
  })

  test('but not where it may have been evicted', t => {
    const player = play(t, false)
    player.cache.delete(keyOf(NAME, 5))
    assert.deepEqual(judge(player), [])
  })

  test('an item that was deleted must not be there again', t => {
    const player = play(t)
    player.cache.set(keyOf(NAME, 0), ownValue(0, 1))
    assertFound(player, /is of version 1, and not of 0/)
  })

  test('an older value must not be there again, wherever items are evicted, too', t => {
    const player = play(t, false)
    player.cache.set(keyOf(NAME, 9), ownValue(9, 3))
    assertFound(player, /is of version 3, and not of/)
  })

  test('a value of another item is noticed', t => {
    const player = play(t)
    player.cache.set(keyOf(NAME, 5), ownValue(6, 7))
    assertFound(player, /has the value of dead\.6/)
  })

  test('a torn value is noticed', t => {
    const player = play(t)
    player.cache.set(keyOf(NAME, 5), String(ownValue(5, 6)).replace(/.$/, '?'))
    assertFound(player, /is torn/)
  })

  test('a value past its end is noticed', t => {
    const player = play(t)
    const value = makeValue({ key: keyOf(NAME, 20), version: 1, endsAtMs: 1000 }, 1)
    player.cache.set(keyOf(NAME, 20), value)
    assertFound(player, /ended at 1000/)
  })

  for (const [what, by] of [
    ['lost an acknowledged increment', -1],
    ['has one too many', 1],
  ] as const) {
    test(`a counter that ${what} is noticed`, t => {
      const player = play(t)
      player.cache.increment(counterOf(NAME), by)
      assertFound(player, /counter is \d+, and not \d+/)
    })
  }

  test('what was under way may be done or not, and a counter is one of both', t => {
    const player = play(t)
    const { notebook, cache } = player
    const after = notebook.counter + 5
    notebook.pending = { kind: 'counter', after }
    notebook.write()
    cache.increment(counterOf(NAME), 5)
    assert.deepEqual(judge(player), [])
    assert.equal(notebook.counter, after)
    notebook.pending = { kind: 'item', key: 3, after: 99, keeps: false }
    notebook.write()
    cache.delete(keyOf(NAME, 3))
    assert.deepEqual(judge(player), [])
    assert.equal(notebook.version(3), 0)
  })

  test('a touch under way must not cost the item', t => {
    const player = play(t)
    player.notebook.pending = { kind: 'item', key: 1, after: 2, keeps: true }
    player.notebook.write()
    player.cache.delete(keyOf(NAME, 1))
    assertFound(player, /was lost/)
  })

  test('a segment that is not whole is noticed', t => {
    const mode = modeOf(true)
    const options = ownCache(t, mode.options)
    const player = play(t)
    const broken = openHere(t, options)
    broken.set('a', 1)
    const { words } = partsOf(t, options).segment
    ;(words[ITEM_COUNT] as number) += 1
    assertFound({ ...player, cache: broken }, /1 items are linked, the count says 2/)
    ;(words[ITEM_COUNT] as number) -= 1
  })

  test('a survivor that finds an item lost says so', t => {
    const player = play(t)
    player.cache.delete(keyOf(NAME, 5))
    getItem(player, 5)
    assert.match(player.notebook.fault, /dead\.5 was lost/)
  })
})
