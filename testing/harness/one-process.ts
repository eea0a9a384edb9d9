/**
 * A module that runs several test files in one process: it imports them one after the other.
 *
 * Node.js 20 can run files in one process only this way. Before each file, a test reports that the
 * file begins: node:test reports where a test was declared, and that of a contract is elsewhere.
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const BEGINNING = 'the file begins: '

/** The names of the tests that report a beginning. */
export const BEGINS: RegExp = new RegExp(`^${BEGINNING}`)

/** Calls `use` with the path of the module, which is gone afterwards. */
export async function withModuleOf(
  files: readonly string[],
  use: (path: string) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'undercroft-tests-'))
  const path = join(folder, 'tests.mjs')
  const imports = files.flatMap(file => [beginningOf(file), pathToFileURL(file).href])
  writeFileSync(path, imports.map(specifier => `import ${JSON.stringify(specifier)}\n`).join(''))
  try {
    await use(path)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** @returns the file that begins with a test of this name; undefined for the tests of files */
export function fileThatBegins(name: string): string | undefined {
  return name.startsWith(BEGINNING) ? name.slice(BEGINNING.length) : undefined
}

/** A module of its own, as the imports of a module run before its statements. */
function beginningOf(file: string): string {
  const title = JSON.stringify(`${BEGINNING}${file}`)
  const code = `import { test } from 'node:test'; test(${title}, () => {})`
  return `data:text/javascript,${encodeURIComponent(code)}`
}
