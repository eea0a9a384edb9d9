import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  brokenKeys,
  isLinearizable,
  type Operation,
} from '../../verification/histories/linearizability.ts'
import type { Action, State } from '../../verification/histories/sequential.ts'

/** An operation between two moments. */
function op(
  [calledAt, answeredAt]: readonly [number, number],
  action: Action,
  result: State | boolean,
): Operation {
  return { key: 'key', action, result, calledAt, answeredAt }
}

const get = { kind: 'get' } as const
const set = (value: string): Action => ({ kind: 'set', value })
const add = (value: string): Action => ({ kind: 'add', value })
const remove = { kind: 'delete' } as const
const increment = { kind: 'increment', by: 1 } as const

describe('histories that fit an order', () => {
  const good: Readonly<Record<string, readonly Operation[]>> = {
    'one after the other': [op([0, 1], set('a'), true), op([2, 3], get, 'a')],
    'a get during a set, before it or after it': [
      op([0, 1], set('a'), true),
      op([2, 9], set('b'), true),
      op([3, 4], get, 'a'),
      op([5, 6], get, 'b'),
    ],
    'two sets at once, in the order that only a later get tells': [
      op([0, 9], set('a'), true),
      op([1, 2], set('b'), true),
      op([10, 11], get, 'a'),
    ],
    'of two adds at once, one': [op([0, 5], add('a'), false), op([1, 6], add('b'), true)],
    'increments at once, in any order': [
      op([0, 9], increment, 3),
      op([1, 8], increment, 1),
      op([2, 7], increment, 2),
    ],
  }
  for (const [what, history] of Object.entries(good)) {
    test(what, () => assert.equal(isLinearizable(history), true))
  }
})

describe('histories that fit none', () => {
  const bad: Readonly<Record<string, readonly Operation[]>> = {
    'a get of what was replaced before': [
      op([0, 1], set('a'), true),
      op([2, 3], set('b'), true),
      op([4, 5], get, 'a'),
    ],
    'a get that sees the new value, and a later one the old': [
      op([0, 1], set('a'), true),
      op([2, 9], set('b'), true),
      op([3, 4], get, 'b'),
      op([5, 6], get, 'a'),
    ],
    'a value that nobody set': [op([0, 1], set('a'), true), op([2, 3], get, 'ab')],
    'a value that is gone without a delete': [
      op([0, 1], set('a'), true),
      op([2, 3], get, undefined),
    ],
    'a value that is back after a delete': [
      op([0, 1], set('a'), true),
      op([2, 3], remove, true),
      op([4, 5], get, 'a'),
    ],
    'two adds that both stored': [op([0, 5], add('a'), true), op([1, 6], add('b'), true)],
    'two deletes of one item': [
      op([0, 1], set('a'), true),
      op([2, 5], remove, true),
      op([3, 6], remove, true),
    ],
    'an increment that is lost': [op([0, 5], increment, 1), op([1, 6], increment, 1)],
    'an increment that counts twice': [op([0, 1], increment, 1), op([2, 3], increment, 3)],
  }
  for (const [what, history] of Object.entries(bad)) {
    test(what, () => assert.equal(isLinearizable(history), false))
  }

  test('and the others are not suspected', () => {
    const own = [op([0, 1], increment, 2)]
    const other = [op([0, 1], increment, 1)].map(operation => ({ ...operation, key: 'other' }))
    assert.deepEqual(brokenKeys([...own, ...other]), ['key'])
  })
})

test('a history in which hundreds overlap is checked in no time', () => {
  const COUNT = 400
  const history = Array.from({ length: COUNT }, (_, index) =>
    op([index, index + 12], increment, index + 1),
  )
  assert.equal(isLinearizable(history), true)
  assert.equal(isLinearizable([...history, op([COUNT + 20, COUNT + 21], get, COUNT - 1)]), false)
})
