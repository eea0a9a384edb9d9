import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { ITEM_COUNT } from '../../src/engine/state.ts'
import { randomFrom } from '../../testing/random.ts'
import { onEnd } from '../../testing/scope.ts'
import { partsOf } from '../../testing/segments.ts'
import { checkInvariants } from '../../verification/storm/check-invariants.ts'
import { HeldClock } from '../../verification/storm/held-clock.ts'
import {
  counterOf,
  countOwn,
  deleteItem,
  getItem,
  keyOf,
  storeItem,
  touchItem,
  type WorkerContext,
} from '../../verification/storm/logged-calls.ts'
import { MODES, type Mode } from '../../verification/storm/modes.ts'
import { OperationLog } from '../../verification/storm/operation-log.ts'
import { makeValue } from '../../verification/storm/patterns.ts'
import { openHere, ownCache } from '../processes/cache-process.ts'

const NAME = 'dead'

function modeOf(keepsAll: boolean): Mode {
  const mode = MODES.find(known => known.keepsAll === keepsAll)
  if (mode === undefined) throw new Error('there is no such mode')
  return mode
}

/** @returns the context of a worker that made some calls and then died */
function workAndDie(t: TestContext, keepsAll = true): WorkerContext {
  const mode = modeOf(keepsAll)
  const options = ownCache(t, mode.options)
  const log = new OperationLog(join(options.directory, 'operations.log'))
  onEnd(t, () => log.close())
  const clock = new HeldClock()
  const cache = openHere(t, { ...options, clock })
  const context = { name: NAME, mode, cache, clock, log, random: randomFrom(1) }
  for (let key = 0; key < 10; key++) storeItem(context, key, 50, 'set')
  deleteItem(context, 0)
  touchItem(context, 1)
  countOwn(context, 'increment')
  return context
}

function assertFound(context: WorkerContext, pattern: RegExp): void {
  const faults = checkInvariants(context)
  assert.ok(
    faults.some(fault => pattern.test(fault)),
    `found were ${JSON.stringify(faults)}`,
  )
}

const ownValue = (key: number, version: number) =>
  makeValue({ key: keyOf(NAME, key), version, endsAtMs: 0 }, 20)

describe('after a death', () => {
  test('nothing is wrong with what the operation log says', t => {
    assert.deepEqual(checkInvariants(workAndDie(t)), [])
  })

  test('an item that is not there is missed', t => {
    const context = workAndDie(t)
    context.cache.delete(keyOf(NAME, 5))
    assertFound(context, /was lost/)
  })

  test('but not where it may have been evicted', t => {
    const context = workAndDie(t, false)
    context.cache.delete(keyOf(NAME, 5))
    assert.deepEqual(checkInvariants(context), [])
  })

  test('an item that was deleted must not be there again', t => {
    const context = workAndDie(t)
    context.cache.set(keyOf(NAME, 0), ownValue(0, 1))
    assertFound(context, /is of version 1, and not of 0/)
  })

  test('an older value must not be there again, wherever items are evicted, too', t => {
    const context = workAndDie(t, false)
    context.cache.set(keyOf(NAME, 9), ownValue(9, 3))
    assertFound(context, /is of version 3, and not of/)
  })

  test('a value of another item is noticed', t => {
    const context = workAndDie(t)
    context.cache.set(keyOf(NAME, 5), ownValue(6, 7))
    assertFound(context, /has the value of dead\.6/)
  })

  test('a torn value is noticed', t => {
    const context = workAndDie(t)
    context.cache.set(keyOf(NAME, 5), String(ownValue(5, 6)).replace(/.$/, '?'))
    assertFound(context, /is torn/)
  })

  test('a value past its end is noticed', t => {
    const context = workAndDie(t)
    const value = makeValue({ key: keyOf(NAME, 20), version: 1, endsAtMs: 1000 }, 1)
    context.cache.set(keyOf(NAME, 20), value)
    assertFound(context, /ended at 1000/)
  })

  for (const [what, by] of [
    ['lost an acknowledged increment', -1],
    ['has one too many', 1],
  ] as const) {
    test(`a counter that ${what} is noticed`, t => {
      const context = workAndDie(t)
      context.cache.increment(counterOf(NAME), by)
      assertFound(context, /counter is \d+, and not \d+/)
    })
  }

  test('what was under way may be done or not, and a counter is one of both', t => {
    const context = workAndDie(t)
    const { log, cache } = context
    const after = log.counter + 5
    log.pending = { kind: 'counter', after }
    log.write()
    cache.increment(counterOf(NAME), 5)
    assert.deepEqual(checkInvariants(context), [])
    assert.equal(log.counter, after)
    log.pending = { kind: 'item', key: 3, after: 99, keeps: false }
    log.write()
    cache.delete(keyOf(NAME, 3))
    assert.deepEqual(checkInvariants(context), [])
    assert.equal(log.version(3), 0)
  })

  test('a touch under way must not cost the item', t => {
    const context = workAndDie(t)
    context.log.pending = { kind: 'item', key: 1, after: 2, keeps: true }
    context.log.write()
    context.cache.delete(keyOf(NAME, 1))
    assertFound(context, /was lost/)
  })

  test('a segment that is not whole is noticed', t => {
    const mode = modeOf(true)
    const options = ownCache(t, mode.options)
    const context = workAndDie(t)
    const broken = openHere(t, options)
    broken.set('a', 1)
    const { words } = partsOf(t, options).segment
    words[ITEM_COUNT] += 1
    assertFound({ ...context, cache: broken }, /1 items are linked, the count says 2/)
    words[ITEM_COUNT] -= 1
  })

  test('a survivor that finds an item lost says so', t => {
    const context = workAndDie(t)
    context.cache.delete(keyOf(NAME, 5))
    getItem(context, 5)
    assert.match(context.log.fault, /dead\.5 was lost/)
  })
})
