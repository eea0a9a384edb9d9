/**
 * The public surface: each subpath of the package has a source file, and every export has a
 * comment.
 */

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import ts from 'typescript'
import { ROOT } from '../../testing/root.ts'
import { readPackage, sourceOf } from './package-json.ts'
import { projectProgram } from './program.ts'
import { sourcesIn } from './sources.ts'

const { bin, exports } = readPackage()
const subpaths = Object.entries(exports).flatMap(([subpath, target]) =>
  typeof target === 'string' ? [] : [{ subpath, target }],
)
const sources = subpaths.flatMap(({ target }) => sourcesOf(target.default ?? ''))

describe('the public surface', () => {
  test('every subpath and every command of the package is made from a source file', () => {
    const compiled = [...subpaths.flatMap(({ target }) => Object.values(target))]
    const missing = [...compiled, ...Object.values(bin)].filter(
      path => sourcesOf(path).length === 0,
    )
    assert.deepEqual(missing, [])
  })

  test('every subpath has its types beside its code', () => {
    for (const { subpath, target } of subpaths) {
      assert.equal(sourceOf(target.types ?? ''), sourceOf(target.default ?? ''), subpath)
    }
  })

  test('every export has a comment that says what it is for', () => {
    assert.deepEqual(undocumentedExports(sources), [])
  })
})

/** @returns the sources of a target, which are several if it contains a `*` */
function sourcesOf(compiled: string): string[] {
  const source = sourceOf(compiled)
  if (!source.includes('*')) return existsSync(join(ROOT, source)) ? [source] : []
  const [start = '', end = ''] = source.split('*')
  return sourcesIn('src')
    .map(file => file.path)
    .filter(path => path.startsWith(start) && path.endsWith(end))
}

function undocumentedExports(paths: readonly string[]): string[] {
  const program = projectProgram()
  const checker = program.getTypeChecker()
  return paths.flatMap(path => {
    const file = program.getSourceFile(join(ROOT, path))
    const module = file && checker.getSymbolAtLocation(file)
    if (module === undefined) return [`${path}: exports nothing`]
    return checker
      .getExportsOfModule(module)
      .filter(symbol => !isDocumented(symbol, checker))
      .map(symbol => `${path}: ${symbol.name}`)
  })
}

/** A re-exported name may have its comment at its declaration. */
function isDocumented(symbol: ts.Symbol, checker: ts.TypeChecker): boolean {
  const isAlias = (symbol.flags & ts.SymbolFlags.Alias) !== 0
  const original = isAlias ? checker.getAliasedSymbol(symbol) : symbol
  return [symbol, original].some(known => known.getDocumentationComment(checker).length > 0)
}
