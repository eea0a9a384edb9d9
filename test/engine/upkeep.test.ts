import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Engine } from '../../src/engine/engine.ts'
import { openBench } from '../../testing/segments.ts'

const ITEM_COUNT = 1000

/** A bench full of expired items, and a sweeper for which each look at the clock takes time. */
function endedBench(msALook: number) {
  const bench = openBench({ maxItems: ITEM_COUNT })
  for (let i = 0; i < ITEM_COUNT; i++) bench.set(`k${i}`, 'v', 10)
  bench.clock.advance(10)
  let elapsedMs = 0
  const clock = {
    nowMs: bench.clock.nowMs,
    elapsedMs: () => {
      elapsedMs += msALook
      return elapsedMs
    },
  }
  const { upkeep } = new Engine(bench.segment, { clock, lockTimeoutMs: 1000 })
  return { ...bench, upkeep }
}

describe('a step of a sweep', () => {
  test('looks at some hundred slots, and the steps of a round at all of them', () => {
    const { upkeep, engine } = endedBench(0)
    assert.deepEqual(upkeep.sweepStep(), { reclaimed: 256, more: true })
    assert.deepEqual(upkeep.sweepStep(), { reclaimed: 256, more: true })
    assert.deepEqual(upkeep.sweepStep(), { reclaimed: 256, more: true })
    assert.deepEqual(upkeep.sweepStep(), { reclaimed: 232, more: false })
    assert.deepEqual(upkeep.sweepStep(), { reclaimed: 0, more: false })
    assert.deepEqual(engine.verify(), { ok: true, problems: [], items: 0 })
  })

  test('ends early when it takes long, so that nobody waits for a slow machine', () => {
    const { upkeep, engine } = endedBench(1)
    let steps = 0
    for (let more = true; more; steps++) {
      const step = upkeep.sweepStep()
      assert.ok(step.reclaimed <= 16, `${step.reclaimed} in one step`)
      more = step.more
    }
    assert.ok(steps >= ITEM_COUNT / 16)
    assert.deepEqual(engine.verify(), { ok: true, problems: [], items: 0 })
  })
})
