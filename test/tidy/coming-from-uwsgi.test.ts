/**
 * The page for users of uWSGI lists every option and function of uWSGI, and agrees with the code
 * about its support.
 */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as uwsgiApi from '../../src/uwsgi/index.ts'
import {
  OPTION_GROUPS,
  type OptionGroup,
  type OptionRow,
} from '../../src/uwsgi/options/option-row.ts'
import { CACHE2_TABLE, OPTION_TABLE } from '../../src/uwsgi/options/option-table.ts'
import { withUnsupportedTable } from '../../tools/unsupported-table.ts'
import { readText } from './sources.ts'

const PAGE = readText('docs/guide/coming-from-uwsgi.md')

/**
 * Groups that the page lists completely. Rows of other groups are checked as well. The group
 * `command` is left aside, because its options do not exist in uWSGI.
 */
const WHOLE_GROUPS: ReadonlySet<OptionGroup> = new Set([
  'caches',
  'cache2',
  'preload',
  'network',
  'processes',
  'http',
  'configuration',
  'python',
  'unsupported',
])

const VERDICTS: Readonly<Record<OptionRow['support'], readonly string[]>> = {
  now: ['same', 'differs'],
  accepted: ['no meaning'],
  refused: ['out of scope'],
}

const ROWS = [...OPTION_TABLE.rows, ...CACHE2_TABLE.rows].filter(row => row.group !== 'command')

describe('the page for those who come from uWSGI', () => {
  for (const group of Object.keys(OPTION_GROUPS) as OptionGroup[]) {
    const rows = ROWS.filter(row => row.group === group)
    const told = tableUnder(`### ${OPTION_GROUPS[group]}`)

    test(`knows no option of "${OPTION_GROUPS[group]}" that is none`, () => {
      const known = new Set(rows.flatMap(namesOf))
      assert.deepEqual(
        [...told.keys()].filter(name => !known.has(name)),
        [],
      )
    })

    test(`says of each option of "${OPTION_GROUPS[group]}" what has become of it`, () => {
      const wrong = rows
        .filter(row => WHOLE_GROUPS.has(group) || namesOf(row).some(name => told.has(name)))
        .flatMap(row => namesOf(row).map(name => ({ name, row })))
        .filter(({ name, row }) => !VERDICTS[row.support].includes(told.get(name)?.verdict ?? ''))
      assert.deepEqual(
        wrong.map(({ name, row }) => `${name} should be ${VERDICTS[row.support].join(' or ')}`),
        [],
      )
    })

    test(`gives a reason for each option of "${OPTION_GROUPS[group]}" that is not the same`, () => {
      const bare = [...told].filter(([, { verdict, text }]) => verdict !== 'same' && text === '')
      assert.deepEqual(bare, [])
    })
  }

  test('has the options that are not supported as the code has them', () => {
    assert.ok(withUnsupportedTable(PAGE) === PAGE, 'the page is old: npm run docs:options')
  })

  test('has every function, and none that is not there', () => {
    const told = tableUnder('## The functions')
    assert.deepEqual([...told.keys()].sort(), Object.keys(uwsgiApi).sort())
  })
})

function namesOf({ name, aliases = [] }: OptionRow): string[] {
  return [name, ...aliases]
}

/** @returns the rows of the first table under a heading, by the names in the first column */
function tableUnder(heading: string): Map<string, { verdict: string; text: string }> {
  const [, after = ''] = PAGE.split(`\n${heading}\n`)
  const [section = ''] = after.split(/\n#/)
  const table = new Map<string, { verdict: string; text: string }>()
  for (const line of section.split('\n').filter(each => each.startsWith('| `'))) {
    const [, names = '', verdict = '', text = ''] = line.split('|').map(cell => cell.trim())
    // A function stands there with its signature.
    for (const [, name = ''] of names.matchAll(/`([\w-]+)[^`]*`/g)) {
      assert.ok(!table.has(name), `${name} is told once`)
      table.set(name, { verdict, text })
    }
  }
  return table
}
