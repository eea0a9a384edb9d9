import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LAST_MODIFIED } from '../../src/engine/state.ts'
import { openBench } from '../../testing/segments.ts'

test('a moment of the last change that makes no sense, as after a power loss, is none', () => {
  const { engine, segment, set, clock } = openBench()
  for (const nonsense of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -5e300]) {
    segment.doubles[LAST_MODIFIED] = nonsense
    assert.equal(engine.stats().lastModifiedAtMs, 0)
    set('k', 'v')
    assert.equal(engine.stats().lastModifiedAtMs, clock.nowMs(), 'and the next change is')
  }
})
