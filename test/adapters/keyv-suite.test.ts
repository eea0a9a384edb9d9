/**
 * The official suite of keyv 5 runs over the adapter.
 *
 * It depends on vitest and sqlite3, which would be 100 MB and a compilation, and imports neither.
 * So the `overrides` in package.json install another of its dependencies in their places.
 */

import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it } from 'node:test'
import keyvTestSuite, { keyvIteratorTests } from '@keyv/test-suite'
import { Keyv } from 'keyv'
import { KeyvUndercroft } from '../../src/adapters/keyv.ts'

/** The suite moves `Date`. */
const clock = { nowMs: () => Date.now(), elapsedMs: () => performance.now() }
const options = {
  name: `keyv-suite-${process.pid}`,
  maxItems: 1000,
  memory: 'private',
  clock,
} as const
/** Private memory lives as long as one opener. */
const keeper = new KeyvUndercroft(options)

type Body = (context: { expect: typeof expect }) => unknown

/** The suite is written for vitest. These are the parts of it that the suite uses. */
const test = {
  describe,
  beforeEach,
  afterEach,
  it: (title: string, body: Body) => it(title, async () => void (await body({ expect }))),
}

function expect(value: unknown) {
  const matchers = (holds: (isTrue: boolean) => void) => ({
    toBe: (wanted: unknown) => holds(Object.is(value, wanted)),
    toBeDefined: () => holds(value !== undefined),
    toBeFalsy: () => holds(!value),
    toBeNull: () => holds(value === null),
    toBeTruthy: () => holds(Boolean(value)),
    toBeUndefined: () => holds(value === undefined),
    toEqual: (wanted: unknown) => holds(isEqual(value, wanted)),
  })
  const shown = () => `not as the suite expects: ${JSON.stringify(value)}`
  return {
    ...matchers(isTrue => assert.ok(isTrue, shown())),
    not: matchers(isTrue => assert.ok(!isTrue, shown())),
  }
}
/** Counts of assertions are of tests that iterate, which compare what they found as well. */
expect.assertions = (_count: number) => {}

function isEqual(value: unknown, wanted: unknown): boolean {
  try {
    assert.deepEqual(value, wanted)
    return true
  } catch {
    return false
  }
}

describe('the official suite of keyv passes', () => {
  const make = () => new KeyvUndercroft(options)
  keyvTestSuite(test as never, Keyv, make as never)
  keyvIteratorTests(test as never, Keyv, make as never)
  it('over one cache', () => assert.equal(keeper.namespace, undefined))
})
