/**
 * The fields of package.json that the tests check.
 */

import { readText } from './sources.ts'

export interface PackageJson {
  readonly dependencies: Readonly<Record<string, string>>
  readonly peerDependencies: Readonly<Record<string, string>>
  readonly scripts: Readonly<Record<string, string>>
  readonly bin: Readonly<Record<string, string>>
  /** Subpath to file, or to one file for each condition. */
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>
}

export function readPackage(): PackageJson {
  const empty = { dependencies: {}, peerDependencies: {}, scripts: {}, bin: {}, exports: {} }
  return { ...empty, ...JSON.parse(readText('package.json')) }
}

/** The source of a compiled file: `./dist/x.js` (or `.d.ts`) is made from `src/x.ts`. */
export function sourceOf(compiled: string): string {
  return compiled.replace(/^\.\/dist\//, 'src/').replace(/(\.d\.ts|\.js)$/, '.ts')
}
