import assert from 'node:assert/strict'
import { posix } from 'node:path'
import { describe, test } from 'node:test'
import ts from 'typescript'
import { LAYERS, objection, RESERVED, type Target } from '../../tools/layers.ts'
import { ROOM_FACTS, withTableOfRooms } from '../../tools/room-facts.ts'
import { readPackage } from './package-json.ts'
import { readText, type SourceFile, sourcesIn } from './sources.ts'

const { dependencies, peerDependencies } = readPackage()
const declared = new Set(Object.keys(dependencies))
/** Users of an adapter install the package that it adapts. */
const declaredForAdapters = new Set([...declared, ...Object.keys(peerDependencies)])

describe('the layers', () => {
  test('each folder of src imports only what the table allows, through index.ts', () => {
    assert.deepEqual(sourcesIn('src').flatMap(objectionsTo), [])
  })

  test('the table lets a layer import only layers listed before it, so there is no circle', () => {
    const names = Object.keys(LAYERS)
    const upward = Object.entries(LAYERS).flatMap(([layer, allowed]) =>
      allowed.filter(name => !names.slice(0, names.indexOf(layer)).includes(name)),
    )
    assert.deepEqual(upward, [])
  })

  test('no file imports itself by way of others, types included', () => {
    assert.deepEqual(circlesIn(sourcesIn('src')), [])
  })

  test('nothing outside test/ imports from it; what several folders share is in testing/', () => {
    const others = ['src', 'testing', 'bench', 'verification', 'examples', 'tools']
    assert.deepEqual(others.flatMap(sourcesIn).flatMap(importsOfTests), [])
  })

  test('ARCHITECTURE.md has the table as it is, with what each room owns', () => {
    const page = readText('ARCHITECTURE.md')
    // A formatter aligns the columns.
    const withoutPadding = (text: string) => text.replace(/ +/g, ' ').replace(/-+/g, '-')
    assert.equal(withoutPadding(withTableOfRooms(page)), withoutPadding(page))
    assert.deepEqual(Object.keys(ROOM_FACTS).sort(), Object.keys(LAYERS).sort())
  })

  test('modules are reserved for layers that exist', () => {
    const unknown = RESERVED.flatMap(rule => rule.for).filter(layer => !(layer in LAYERS))
    assert.deepEqual(unknown, [])
  })
})

describe('an import that breaks the table is found', () => {
  const cases: readonly (readonly [path: string, code: string, reason: string])[] = [
    ['src/base/a.ts', "import { x } from '../cache/index.ts'", 'base may not import cache'],
    [
      'src/http-cache/a.ts',
      "import type { X } from '../cache/index.ts'",
      'http-cache may not import cache',
    ],
    ['src/cache/a.ts', "export * from '../base/errors.ts'", 'base may be imported only through'],
    ['src/codecs/a.ts', "const m = await import('koffi')", 'koffi is only for platform'],
    ['src/protocols/uwsgi/a.ts', "import net from 'node:net'", 'node:net is only for'],
    ['src/base/a.ts', "import x from 'left-pad'", 'left-pad is neither built in nor a dependency'],
    ['src/new/a.ts', "import { x } from '../base/index.ts'", 'new is not in the table'],
    ['src/index.ts', "import { x } from './server/index.ts'", '. may not import server'],
    ['src/runner/apps/a.ts', "import '../../cli/index.ts'", 'runner/apps may not import cli'],
  ]
  for (const [path, text, reason] of cases) {
    test(`${path}: ${text}`, () => {
      const [found = 'nothing'] = objectionsTo({ path, text })
      assert.ok(found.includes(reason), found)
    })
  }

  test('but not one within a layer, nor one the table allows', () => {
    const text = "import './b.ts'\nimport '../base/index.ts'\nimport 'node:zlib'"
    assert.deepEqual(objectionsTo({ path: 'src/http-cache/a.ts', text }), [])
  })
})

test('an import from test/ is found, also of a type', () => {
  const text = "import type { X } from '../../test/cache/x.ts'\nimport '../testing/scope.ts'"
  assert.deepEqual(importsOfTests({ path: 'bench/engine/a.ts', text }), [
    'bench/engine/a.ts: test/cache/x.ts',
  ])
})

test('a circle of files is found, also one that type imports close', () => {
  const files = [
    { path: 'src/base/a.ts', text: "import { b } from './b.ts'" },
    { path: 'src/base/b.ts', text: "import type { C } from './c.ts'" },
    { path: 'src/base/c.ts', text: "import { a } from './a.ts'" },
    { path: 'src/base/d.ts', text: "import { a } from './a.ts'" },
  ]
  assert.deepEqual(circlesIn(files), ['src/base/a.ts -> src/base/b.ts -> src/base/c.ts'])
})

/** @returns each circle once, starting at its first file */
function circlesIn(files: readonly SourceFile[]): string[] {
  const imports = new Map(files.map(file => [file.path, importsOf(file)]))
  const found: string[] = []
  const done = new Set<string>()
  const visit = (path: string, trail: readonly string[]) => {
    const start = trail.indexOf(path)
    if (start >= 0) found.push(trail.slice(start).join(' -> '))
    if (start >= 0 || done.has(path)) return
    for (const next of imports.get(path) ?? []) visit(next, [...trail, path])
    done.add(path)
  }
  for (const path of imports.keys()) visit(path, [])
  return found
}

/** @returns the imports of a file from `test/` */
function importsOfTests(file: SourceFile): string[] {
  return importsOf(file)
    .filter(target => target.startsWith('test/'))
    .map(target => `${file.path}: ${target}`)
}

function importsOf({ path, text }: SourceFile): string[] {
  return ts
    .preProcessFile(text, true)
    .importedFiles.map(({ fileName }) => fileName)
    .filter(specifier => specifier.startsWith('.'))
    .map(specifier => posix.join(posix.dirname(path), specifier))
}

function objectionsTo(file: SourceFile): string[] {
  const layer = layerOf(file.path)
  const packages = layer === 'adapters' ? declaredForAdapters : declared
  return ts.preProcessFile(file.text, true).importedFiles.flatMap(({ fileName }) => {
    const reason = objection(layer, targetOf(file.path, fileName), packages)
    return reason === undefined ? [] : [`${file.path}: ${fileName}: ${reason}`]
  })
}

function targetOf(path: string, specifier: string): Target {
  if (!specifier.startsWith('.')) return { kind: 'module', module: specifier }
  const target = posix.join(posix.dirname(path), specifier)
  const layer = layerOf(target)
  return { kind: 'layer', layer, throughIndex: target === `src/${layer}/index.ts` }
}

/**
 * The room of a file: the longest folder of the table that holds it. `src/uwsgi/rules/chain.ts` is
 * in `uwsgi/rules`, `src/index.ts` in `.`; a folder without a row is its own room.
 */
function layerOf(path: string): string {
  const folders = path.split('/').slice(1, -1)
  if (folders.length === 0) return '.'
  for (let depth = folders.length; depth > 0; depth--) {
    const room = folders.slice(0, depth).join('/')
    if (room in LAYERS) return room
  }
  return folders.join('/')
}
