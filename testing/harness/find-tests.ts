/**
 * Which compiled files are tests, to which tier they belong, and in which order their folders run.
 *
 * The list is made from the sources: a compiled file whose source is gone must not run any more.
 */

import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ROOT } from '../root.ts'

const SUFFIX = '.test.ts'

/**
 * What runs at each change, and what runs on demand: `x.matrix.test.ts` runs our suites under every
 * Node, `x.long.test.ts` takes minutes. All other tests run at each change.
 */
export const TIERS = ['change', 'matrix', 'long'] as const

export type Tier = (typeof TIERS)[number]

/** Folders with the files that take longest. They begin first, so that none is left for the end. */
const BEGIN_FIRST = [
  'node-versions',
  'verification',
  'runner',
  'peers',
  'processes',
  'tools',
  'cli',
]

/**
 * Folders whose files run in one process, one after the other: they call our modules in their own
 * process, so that the start of a process and the compilation of the modules took most of the time.
 * Such a file leaves the process as it found it, and declares hooks only within `describe`.
 */
const ONE_PROCESS: readonly string[] = [
  'base',
  'cache',
  'codecs',
  'crash',
  'dump',
  'engine',
  'http-cache',
  'http-message',
  'model',
  'monitoring',
  'net',
  'platform',
  'protocols/uwsgi',
  'replication',
  'runner/apps',
  'runner/caches',
  'segment',
  'single-flight',
  'tidy',
  'uwsgi/options',
  'uwsgi/rules',
]

export interface TestStage {
  readonly name: string
  /** Compiled files. */
  readonly files: readonly string[]
  readonly isOneProcess: boolean
}

/** The sources of all tests of a tier, in alphabetical order: `test/engine/blocks.test.ts`. */
export function findTestPaths(tier: Tier): string[] {
  const paths = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' })
  return paths
    .map(path => path.replaceAll('\\', '/'))
    .filter(path => tierOf(path) === tier)
    .map(path => `test/${path}`)
    .sort()
}

/** One stage for each folder of `test/` that has wanted tests, in the order in which to begin. */
export function findTestStages(
  isWanted: (path: string) => boolean,
  tier: Tier = 'change',
): TestStage[] {
  const filesByFolder = new Map<string, string[]>()
  for (const path of findTestPaths(tier).filter(isWanted)) {
    const folder = dirname(path).replace(/^test\//, '')
    const compiled = join(ROOT, 'build', `${path.slice(0, -'.ts'.length)}.js`)
    filesByFolder.set(folder, [...(filesByFolder.get(folder) ?? []), compiled])
  }
  const stages = [...filesByFolder].map(([name, files]) => {
    return { name, files, isOneProcess: ONE_PROCESS.includes(name) }
  })
  return stages.sort((a, b) => rankOf(a) - rankOf(b))
}

function rankOf({ name }: TestStage): number {
  const rank = BEGIN_FIRST.indexOf(name)
  return rank < 0 ? BEGIN_FIRST.length : rank
}

/** Undefined for a file that is not a test. */
function tierOf(path: string): Tier | undefined {
  if (!path.endsWith(SUFFIX)) return undefined
  return TIERS.find(tier => path.endsWith(`.${tier}${SUFFIX}`)) ?? 'change'
}
