/**
 * Time comes in only through `Clock`, which tests move, and the operating system only through
 * `platform/`, which a port replaces.
 */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import ts from 'typescript'
import { parse, placeOf, type SourceFile, sourcesIn, walk } from './sources.ts'

const TIME = new Set(['Date.now', 'performance.now', 'process.hrtime', 'process.uptime'])
const SYSTEM = new Set(['process.platform', 'process.arch', 'os.platform', 'os.type'])

const mayReadTime = (path: string) => path === 'src/base/clock.ts' || mayAskSystem(path)
const mayAskSystem = (path: string) => path.startsWith('src/platform/')

describe('the outside', () => {
  test('the time is read only in base/clock.ts and platform/; all else takes a Clock', () => {
    assert.deepEqual(usesOf(sourcesIn('src'), readsTime, mayReadTime), [])
  })

  test('the kind of system is asked for only in platform/', () => {
    const asksSystem = (node: ts.Node) => SYSTEM.has(accessPath(node))
    assert.deepEqual(usesOf(sourcesIn('src'), asksSystem, mayAskSystem), [])
  })

  test('a use in code is found, one in a comment or a string is not', () => {
    const text = "// Date.now()\nconst s = 'Date.now()'\nconst t = Date.now() + +new Date()"
    const file = { path: 'src/http/a.ts', text }
    assert.equal(usesOf([file], readsTime, mayReadTime).length, 2)
  })
})

function usesOf(
  sources: readonly SourceFile[],
  isUse: (node: ts.Node) => boolean,
  isAllowedIn: (path: string) => boolean,
): string[] {
  const found: string[] = []
  for (const source of sources) {
    if (isAllowedIn(source.path)) continue
    const file = parse(source)
    walk(file, node => {
      if (isUse(node)) found.push(`${placeOf(file, node)} ${node.getText()}`)
    })
  }
  return found
}

/** `new Date()` reads the time; `new Date(atMs)` only converts a moment. */
function readsTime(node: ts.Node): boolean {
  const isEmptyDate =
    ts.isNewExpression(node) &&
    node.expression.getText() === 'Date' &&
    (node.arguments ?? []).length === 0
  return isEmptyDate || TIME.has(accessPath(node))
}

function accessPath(node: ts.Node): string {
  return ts.isPropertyAccessExpression(node) ? node.getText() : ''
}
