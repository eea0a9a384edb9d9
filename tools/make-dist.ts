/**
 * Makes dist/, the folder that npm packs, from what tsc has compiled into build/: part of
 * `npm run build`.
 *
 * JavaScript comes without comments, spaces and source maps, and with short local names. Functions
 * and classes keep their names, so that stack traces can be read. The comments for users are in the
 * declarations. Of these only those come that an entry point leads to, and only those that an entry
 * point exports from have comments.
 */

import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type MinifyOptions, minify } from 'terser'
import ts from 'typescript'

// From build/tools/ to the root of the repository.
const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const DIST = join(ROOT, 'dist')
/** Where each folder of build/ goes. */
const FOLDERS = { src: DIST, examples: join(DIST, 'examples') } as const
/** What TypeScript infers since 5.7, and what older ones do not know: the default, spelt out. */
const NEWER_DEFAULT = /\b(Buffer|Uint8Array|DataView)<ArrayBufferLike>/g
const SHORTER: MinifyOptions = {
  module: true,
  compress: false,
  mangle: { keep_fnames: true, keep_classnames: true },
  // Line breaks instead of semicolons, so that the line of a stack trace is a statement.
  format: { semicolons: false },
}
/** Written last: a dist/ without it is not whole. */
const STAMP = join(DIST, '.made')

if (!isCurrent()) {
  rmSync(DIST, { recursive: true, force: true })
  for (const [folder, target] of Object.entries(FOLDERS)) {
    for (const path of filesIn(folder, '.js')) await copyCode(folder, path, target)
  }
  const exported = new Set<string>()
  for (const path of entryPoints()) addExported(exported, path)
  for (const path of neededDeclarations()) {
    const text = readDeclaration(path)
    const types = exported.has(path) ? text : withoutComments(path, text)
    write(join(DIST, path), types.replaceAll(NEWER_DEFAULT, '$1'))
  }
  write(STAMP, '')
}

/** Nothing in build/ is newer than dist/, this file included, and no source of dist/ is gone. */
function isCurrent(): boolean {
  if (!existsSync(STAMP)) return false
  const madeMs = statSync(STAMP).mtimeMs
  if (statSync(fileURLToPath(import.meta.url)).mtimeMs >= madeMs) return false
  return Object.entries(FOLDERS).every(([folder, target]) => {
    const paths = filesIn(folder, '.js', '.d.ts')
    const isOld = paths.every(path => statSync(join(ROOT, 'build', folder, path)).mtimeMs < madeMs)
    return isOld && paths.every(path => path.endsWith('.d.ts') || existsSync(join(target, path)))
  })
}

/** Compiled files whose source is still there: tsc leaves those of others behind. */
function filesIn(folder: string, ...suffixes: readonly string[]): string[] {
  return readdirSync(join(ROOT, 'build', folder), { recursive: true, encoding: 'utf8' }).filter(
    path => {
      const suffix = suffixes.find(end => path.endsWith(end))
      if (suffix === undefined) return false
      return existsSync(join(ROOT, folder, `${path.slice(0, -suffix.length)}.ts`))
    },
  )
}

async function copyCode(folder: string, path: string, target: string): Promise<void> {
  const text = readFileSync(join(ROOT, 'build', folder, path), 'utf8')
  const { code = '' } = await minify(text, SHORTER)
  write(join(target, path), code)
}

function withoutComments(path: string, text: string): string {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.ESNext)
  return ts.createPrinter({ removeComments: true }).printFile(source)
}

/** The entry points' declarations and all that these import, as paths below build/src. */
function neededDeclarations(): Set<string> {
  const found = new Set<string>()
  const waiting = entryPoints()
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (found.has(path)) continue
    found.add(path)
    for (const { fileName } of ts.preProcessFile(readDeclaration(path)).importedFiles) {
      if (fileName.startsWith('.')) waiting.push(declarationAt(path, fileName))
    }
  }
  return found
}

/** Adds the files whose declarations users can import, so that they read the comments there. */
function addExported(found: Set<string>, path: string, names?: ReadonlySet<string>): Set<string> {
  found.add(path)
  const { statements } = ts.createSourceFile(path, readDeclaration(path), ts.ScriptTarget.ESNext)
  for (const statement of statements) {
    if (!ts.isExportDeclaration(statement)) continue
    const { moduleSpecifier: from, exportClause: clause } = statement
    if (from === undefined || !ts.isStringLiteral(from) || !from.text.startsWith('.')) continue
    if (clause === undefined || !ts.isNamedExports(clause)) continue
    const wanted = clause.elements.filter(({ name }) => names?.has(name.text) ?? true)
    if (wanted.length === 0) continue
    const origins = wanted.map(({ name, propertyName }) => (propertyName ?? name).text)
    addExported(found, declarationAt(path, from.text), new Set(origins))
  }
  return found
}

function readDeclaration(path: string): string {
  return readFileSync(join(ROOT, 'build/src', path), 'utf8')
}

/** @returns the path of a module that the declaration at another path names */
function declarationAt(path: string, name: string): string {
  return join(dirname(path), name.replace(/\.(js|ts)$/, '.d.ts'))
}

function entryPoints(): string[] {
  const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    exports: Record<string, string | { types: string }>
  }
  return Object.values(exports).flatMap(target =>
    typeof target === 'string' ? [] : [relative(DIST, join(ROOT, target.types))],
  )
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}
