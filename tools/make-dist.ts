/**
 * Makes dist/, the folder that npm packs, from what tsc has compiled into build/: part of
 * `npm run build`.
 *
 * JavaScript comes without comments, spaces and source maps, and with short local names. Functions
 * and classes keep their names, so that stack traces can be read. The comments for users are in the
 * declarations. Of these only those come that an entry point leads to.
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
/** Rooms that no user imports from. Their declarations come without comments. */
const INNER_ROOMS: ReadonlySet<string> = new Set([
  ...['engine', 'segment', 'platform', 'protocols', 'single-flight', 'http-message'],
])
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
  for (const path of publicDeclarations()) {
    const text = readFileSync(join(ROOT, 'build/src', path), 'utf8')
    const types = INNER_ROOMS.has(path.split('/')[0] ?? '') ? withoutComments(path, text) : text
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
function publicDeclarations(): Set<string> {
  const found = new Set<string>()
  const waiting = entryPoints()
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (found.has(path)) continue
    found.add(path)
    const text = readFileSync(join(ROOT, 'build/src', path), 'utf8')
    for (const { fileName } of ts.preProcessFile(text).importedFiles) {
      if (fileName.startsWith('.')) {
        waiting.push(join(dirname(path), fileName.replace(/\.(js|ts)$/, '.d.ts')))
      }
    }
  }
  return found
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
