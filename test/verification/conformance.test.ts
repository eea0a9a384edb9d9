/** How the results of the public conformance suite are read and judged; without the suite. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { DELIBERATE_FAILURES } from '../../verification/conformance/deliberate-failures.ts'
import {
  type DeliberateFailure,
  formatTable,
  gradeAll,
  judge,
  readResults,
  readTests,
  scoreOf,
  type TestResults,
} from '../../verification/conformance/grading.ts'
import { SUBJECT_NAMES } from '../../verification/conformance/subjects.ts'

const SUITES = [
  {
    tests: [
      { id: 'base', kind: 'optimal' },
      { id: 'needs-base', depends_on: ['base'] },
      { id: 'needs-that', kind: 'check', depends_on: ['needs-base'] },
      { id: 'browsers', browser_only: true },
    ],
  },
  { tests: [{ id: 'other', kind: 'required' }] },
]
const TESTS = readTests(SUITES)
const PASSED: TestResults = { base: true, 'needs-base': true, 'needs-that': true, other: true }
const FAILED = ['Assertion', 'Response 2 comes from cache'] as const

function judged(results: TestResults, deliberate: readonly DeliberateFailure[] = []) {
  const { unexpected, outdated } = judge('me', TESTS, gradeAll(TESTS, results), deliberate)
  return [unexpected.map(({ id }) => id), outdated.map(({ id }) => id)]
}

describe('the conformance suite', () => {
  test('is read without tests for browsers; a test without a kind is required', () => {
    assert.deepEqual(
      TESTS.map(({ id, kind }) => [id, kind]),
      [
        ['base', 'optimal'],
        ['needs-base', 'required'],
        ['needs-that', 'check'],
        ['other', 'required'],
      ],
    )
    assert.throws(() => readTests({}), /no list/)
    assert.throws(() => readTests([{ tests: [{ id: 'a', kind: 'new' }] }]), /unknown kind "new"/)
  })

  test('prints its results after warnings', () => {
    const output = `ERROR: something\n${JSON.stringify({ a: true, b: FAILED }, null, 2)}\n`
    assert.deepEqual(readResults(output), { a: true, b: FAILED })
    assert.throws(() => readResults('ERROR: something'), /printed no results/)
  })

  test('gives no points for a test that depends on one that did not pass', () => {
    const grades = gradeAll(TESTS, { ...PASSED, base: FAILED })
    assert.deepEqual(Object.fromEntries(grades), {
      base: 'failed',
      'needs-base': 'blocked',
      'needs-that': 'blocked',
      other: 'passed',
    })
    assert.deepEqual(scoreOf(TESTS, grades), {
      required: { passed: 1, total: 2 },
      optimal: { passed: 0, total: 1 },
      check: { passed: 0, total: 1 },
    })
  })

  test('gives no points for a test that could not be prepared, or that was not run', () => {
    const grades = gradeAll(TESTS, { ...PASSED, base: ['Setup', 'retry'], other: undefined })
    assert.deepEqual([grades.get('base'), grades.get('other')], ['unprepared', 'missing'])
  })

  test('is failed by a test that is not listed, and by one that is listed and passes', () => {
    assert.deepEqual(judged(PASSED), [[], []])
    assert.deepEqual(judged({ ...PASSED, other: FAILED }), [['other'], []])
    const listed = [{ ids: ['other'], reason: 'so it is' }]
    assert.deepEqual(judged({ ...PASSED, other: FAILED }, listed), [[], []])
    assert.deepEqual(judged(PASSED, listed), [[], ['other']])
    assert.deepEqual(
      judged({ ...PASSED, other: FAILED }, [{ ...listed[0], subjects: ['another'] } as never]),
      [['other'], []],
    )
  })

  test('is not failed by a check, or by what a listed failure blocks', () => {
    assert.deepEqual(judged({ ...PASSED, 'needs-that': FAILED }), [[], []])
    assert.deepEqual(judged({ ...PASSED, base: FAILED }, [{ ids: ['base'], reason: 'so it is' }]), [
      [],
      [],
    ])
    assert.deepEqual(judged({ ...PASSED, base: FAILED }), [['base'], []])
  })

  test('has a table with a row for each cache', () => {
    const score = scoreOf(TESTS, gradeAll(TESTS, PASSED))
    assert.equal(
      formatTable([{ name: 'ours', version: '1', score }]),
      [
        '| cache | version | required (2) | optimal (1) | check (1) |',
        '| ----- | ------- | -----------: | ----------: | --------: |',
        '| ours  | 1       |            2 |           1 |         1 |',
      ].join('\n'),
    )
  })
})

describe('the list of deliberate failures', () => {
  test('has each test once for a subject, a sentence as its reason, and known subjects', () => {
    for (const { ids, subjects = [], reason } of DELIBERATE_FAILURES) {
      assert.match(reason, /^[A-Z].{20,}[.]$/)
      assert.equal(new Set(ids).size, ids.length)
      const names: readonly string[] = SUBJECT_NAMES
      assert.ok(subjects.every(name => names.includes(name)))
    }
    const all = DELIBERATE_FAILURES.flatMap(({ ids }) => ids)
    assert.equal(new Set(all).size, all.length)
  })
})
