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

export interface TestStage {
  readonly name: string
  /** Compiled files. */
  readonly files: readonly string[]
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
  const stages = [...filesByFolder].map(([name, files]) => ({ name, files }))
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
