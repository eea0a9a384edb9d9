/**
 * The reference page of rules against the code.
 */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { OPTION_TABLE } from '../../../src/uwsgi/options/index.ts'
import { ACTIONS } from '../../../src/uwsgi/rules/actions.ts'
import { CONDITION_NAMES } from '../../../src/uwsgi/rules/conditions.ts'
import { isRuleOption } from '../../../src/uwsgi/rules/rule-text.ts'
import { readText } from '../../tidy/sources.ts'

const PAGE = readText('docs/reference/routing.md')

/** Names in code quotes, also with arguments behind them. */
function missing(names: Iterable<string>): string[] {
  return [...names].filter(name => !new RegExp(`\`${quoteMeta(name)}[\`:\\s=]`).test(PAGE))
}

function quoteMeta(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}

describe('docs/reference/routing.md', () => {
  test('names every action', () => {
    assert.deepEqual(missing(ACTIONS.keys()), [])
  })

  test('names every condition', () => {
    assert.deepEqual(missing(CONDITION_NAMES), [])
  })

  test('names every option of rules, those of other chains by their prefix', () => {
    const names = [...OPTION_TABLE.byName.keys()].filter(isRuleOption)
    assert.ok(names.length > 40)
    const known = names.filter(name => !/^(?:response|final|error)-/.test(name))
    assert.deepEqual(missing(known), [])
    for (const prefix of ['response', 'final', 'error'])
      assert.ok(PAGE.includes(`${prefix}-route...`))
  })
})
