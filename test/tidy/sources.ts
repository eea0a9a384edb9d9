/**
 * The project's own TypeScript files, read as text and as syntax trees.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import ts from 'typescript'
import { ROOT } from '../../testing/root.ts'

export interface SourceFile {
  /** From the package's folder, with forward slashes. */
  readonly path: string
  readonly text: string
}

const CODE_FOLDERS = ['src', 'testing', 'test', 'bench', 'examples', 'verification', 'tools']

/** @returns every TypeScript file of the project, in a stable order */
export function allSources(): SourceFile[] {
  return CODE_FOLDERS.flatMap(sourcesIn)
}

/** @returns the files below a folder; none if the folder does not exist */
export function sourcesIn(folder: string): SourceFile[] {
  if (!existsSync(join(ROOT, folder))) return []
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .map(path => `${folder}/${path.replaceAll('\\', '/')}`)
    .filter(path => path.endsWith('.ts') && !path.includes('/node_modules/'))
    .sort()
    .map(path => ({ path, text: readText(path) }))
}

/** @returns the text of a file, by its path from the package's folder */
export function readText(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8')
}

export function parse({ path, text }: SourceFile): ts.SourceFile {
  return ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
}

/** Calls `visit` for each node, parents first. */
export function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node)
  ts.forEachChild(node, child => walk(child, visit))
}

/** @returns `path:line`, which editors and terminals turn into a link */
export function placeOf(file: ts.SourceFile, node: ts.Node): string {
  return `${file.fileName}:${file.getLineAndCharacterOfPosition(node.getStart()).line + 1}`
}

/** All pages for readers. */
export const PAGES: readonly string[] = [
  ...['README.md', 'ARCHITECTURE.md', 'CHANGELOG.md', 'CODE_OF_CONDUCT.md', 'CONTRIBUTING.md'],
  ...['RELEASING.md', 'SECURITY.md'],
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter(path => path.endsWith('.md'))
    .map(path => `docs/${path.replaceAll('\\', '/')}`)
    .sort(),
]
