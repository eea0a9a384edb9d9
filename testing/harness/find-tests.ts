/**
 * Which compiled files are tests, and in which order their folders run.
 *
 * The list is made from the sources: a compiled file whose source is gone must not run any more.
 */

import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ROOT } from '../root.ts'

export { ROOT }

const SUFFIX = '.test.ts'

/** Folders in which several processes or other programs run: one file at a time. */
const ONE_AT_A_TIME = new Set(['processes', 'peers', 'python', 'runner', 'verification'])

export interface TestStage {
  readonly name: string
  /** Compiled files. */
  readonly files: readonly string[]
  readonly oneAtATime: boolean
}

/** One stage for each folder of `test/` that has wanted tests; those with most processes last. */
export function findTestStages(isWanted: (path: string) => boolean): TestStage[] {
  const filesByFolder = new Map<string, string[]>()
  for (const path of readdirSync(join(ROOT, 'test'), {
    recursive: true,
    encoding: 'utf8',
  }).sort()) {
    const unix = path.replaceAll('\\', '/')
    if (!unix.endsWith(SUFFIX) || !isWanted(`test/${unix}`)) continue
    const folder = dirname(unix)
    const compiled = join(ROOT, 'dist/test', `${unix.slice(0, -'.ts'.length)}.js`)
    filesByFolder.set(folder, [...(filesByFolder.get(folder) ?? []), compiled])
  }
  const stages = [...filesByFolder].map(([name, files]) => ({
    name,
    files,
    oneAtATime: ONE_AT_A_TIME.has(name),
  }))
  return stages.sort((a, b) => Number(a.oneAtATime) - Number(b.oneAtATime))
}
