import assert from 'node:assert/strict'
import { test } from 'node:test'
import ts from 'typescript'
import { allSources, parse, placeOf, type SourceFile, walk } from './sources.ts'

const MAX_FILE_LINES = 300
/**
 * A facade shows its users everything in one place, and most of it is comments for them. That of
 * the engine is for the other rooms.
 */
const FACADE_LIMITS: ReadonlyMap<string, number> = new Map([
  ['src/cache/cache.ts', 760],
  ['src/cache/namespace.ts', 420],
  ['src/client/remote-cache.ts', 420],
  ['src/engine/engine.ts', 400],
])
const MAX_FUNCTION_LINES = 60
const MAX_COLUMNS = 100

test(`no file has more than ${MAX_FILE_LINES} lines`, () => {
  const long = allSources().filter(({ path, text }) => {
    const limit = FACADE_LIMITS.get(path) ?? MAX_FILE_LINES
    return text.trimEnd().split('\n').length > limit
  })
  assert.deepEqual(
    long.map(file => file.path),
    [],
  )
})

test(`no line has more than ${MAX_COLUMNS} columns`, () => {
  const wide = allSources().flatMap(({ path, text }) =>
    text
      .split('\n')
      .flatMap((line, index) => ([...line].length > MAX_COLUMNS ? [`${path}:${index + 1}`] : [])),
  )
  assert.deepEqual(wide, [])
})

test(`no function has more than ${MAX_FUNCTION_LINES} lines`, () => {
  assert.deepEqual(allSources().flatMap(longFunctions), [])
})

function longFunctions(source: SourceFile): string[] {
  const file = parse(source)
  const found: string[] = []
  walk(file, node => {
    if (!ts.isFunctionLike(node) || isSuite(node)) return
    const first = file.getLineAndCharacterOfPosition(node.getStart()).line
    const last = file.getLineAndCharacterOfPosition(node.end).line
    if (last - first + 1 > MAX_FUNCTION_LINES) found.push(placeOf(file, node))
  })
  return found
}

/**
 * The body of a `describe` is a chapter with a title and not counted as a function. The same holds
 * for the function of a contract, whose body consists of such chapters.
 */
function isSuite(node: ts.SignatureDeclaration): boolean {
  if (ts.isCallExpression(node.parent) && isDescribe(node.parent)) return true
  const body = 'body' in node ? node.body : undefined
  return (
    body !== undefined &&
    ts.isBlock(body) &&
    body.statements.some(
      statement => ts.isExpressionStatement(statement) && isDescribe(statement.expression),
    )
  )
}

function isDescribe(node: ts.Expression): boolean {
  return ts.isCallExpression(node) && /^describe\w*$/.test(node.expression.getText())
}
