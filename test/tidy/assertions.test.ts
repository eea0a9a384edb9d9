/**
 * Type assertions have an effect: `x as T` is refused where the type of `x` already is `T`.
 */

import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import ts from 'typescript'
import { ROOT } from '../../testing/root.ts'
import { programWith, projectProgram } from './program.ts'
import { placeOf, walk } from './sources.ts'

const FOLDERS = ['src', 'testing', 'bench', 'verification', 'examples', 'tools']

describe('a type assertion', () => {
  test('changes the type of its expression', () => {
    assert.deepEqual(FOLDERS.flatMap(idleAssertionsIn), [])
  })

  test('without effect is found; one that narrows, widens or guides an inference is not', () => {
    const text = [
      'const words = new Int32Array(1)',
      'export const idle = words[0] as number',
      'export const wide = 0 as number',
      'export const narrow = (globalThis as { readonly a?: unknown }).a as string',
      'export const fixed = [1, 2] as const',
      'export const inferred = make() as string',
      'declare function make<T>(): T',
    ].join('\n')
    assert.deepEqual(idleAssertionsOf('planted.ts', text), ['planted.ts:2 words[0] as number'])
  })
})

function idleAssertionsIn(folder: string): string[] {
  const program = projectProgram()
  const checker = program.getTypeChecker()
  const start = join(ROOT, folder, '/')
  return program
    .getSourceFiles()
    .filter(({ fileName }) => fileName.startsWith(start))
    .flatMap(file => idleAssertions(file, checker))
}

/** @returns the same for the text of a file that does not exist */
function idleAssertionsOf(name: string, text: string): string[] {
  const path = join(ROOT, name)
  const program = programWith(new Map([[path, text]]))
  const file = program.getSourceFile(path)
  return file === undefined ? [] : idleAssertions(file, program.getTypeChecker())
}

function idleAssertions(file: ts.SourceFile, checker: ts.TypeChecker): string[] {
  const found: string[] = []
  walk(file, node => {
    if (!ts.isAsExpression(node) || ts.isConstTypeReference(node.type)) return
    if (isInferred(node.expression, checker)) return
    const given = checker.getTypeAtLocation(node.expression)
    if (given !== checker.getTypeFromTypeNode(node.type)) return
    found.push(`${placeOf(file, node)} ${node.getText()}`.slice(ROOT.length))
  })
  return found
}

/** @returns whether an assertion decides the type of a call: `make() as T` for `make<T>(): T` */
function isInferred(node: ts.Expression, checker: ts.TypeChecker): boolean {
  if (ts.isParenthesizedExpression(node)) return isInferred(node.expression, checker)
  if (ts.isAwaitExpression(node)) return isInferred(node.expression, checker)
  if (!ts.isCallExpression(node) || node.typeArguments !== undefined) return false
  const declaration = checker.getResolvedSignature(node)?.getDeclaration()
  return (declaration?.typeParameters ?? []).length > 0
}
