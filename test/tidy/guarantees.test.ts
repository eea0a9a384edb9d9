/**
 * docs/guarantees.md: each promise names tests, and the tests it names exist.
 */

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import ts from 'typescript'
import { ROOT } from '../../testing/root.ts'
import { parse, readText, walk } from './sources.ts'

const PAGE = 'docs/guarantees.md'
/** `file` "words of a title", "words of another title". */
const REFERENCE = /`([\w/.-]+\.test\.ts)`((?:,? "[^"]+")+)/g
const TITLED = new Set(['test', 'describe', 'promise'])

describe(PAGE, () => {
  test('names a test for each promise', () => {
    const rows = promisesIn(readText(PAGE))
    assert.ok(rows.length > 20)
    assert.deepEqual(
      rows.filter(row => referencesIn(row).length === 0),
      [],
    )
  })

  test('names no test that does not exist', () => {
    assert.deepEqual(referencesIn(readText(PAGE)).filter(isMissing).map(describeReference), [])
  })

  test('a reference to a title that no test has is found, and one to no file', () => {
    const text = '| x | `tidy/guarantees.test.ts` "names a test", "not any more"; `a.test.ts` "b" |'
    assert.deepEqual(referencesIn(text).filter(isMissing).map(describeReference), [
      'tidy/guarantees.test.ts: not any more',
      'a.test.ts: b',
    ])
  })
})

interface Reference {
  readonly file: string
  readonly words: string
}

/** @returns the rows of all tables except that of the figures, without heads */
function promisesIn(text: string): string[] {
  const [promises = ''] = text.split('\n## Figures\n')
  return promises.split('\n').filter(line => /^\| (?!promise|-)/.test(line))
}

function referencesIn(text: string): Reference[] {
  return [...text.matchAll(REFERENCE)].flatMap(([, file = '', titles = '']) =>
    [...titles.matchAll(/"([^"]+)"/g)].map(([, words = '']) => ({ file, words })),
  )
}

function isMissing({ file, words }: Reference): boolean {
  const path = `test/${file}`
  return !existsSync(join(ROOT, path)) || !titlesOf(path).some(title => title.includes(words))
}

function describeReference({ file, words }: Reference): string {
  return `${file}: ${words}`
}

/** @returns the titles of a test file; a template stands for itself */
function titlesOf(path: string): string[] {
  const titles: string[] = []
  walk(parse({ path, text: readText(path) }), node => {
    if (!ts.isCallExpression(node) || !TITLED.has(node.expression.getText())) return
    const [title] = node.arguments
    if (title !== undefined) titles.push(title.getText())
  })
  return titles
}
