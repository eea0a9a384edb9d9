/**
 * Runs the compiled tests of this project under another version of Node.
 */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { type TestContext, test } from 'node:test'
import { findTestStages } from '../../testing/harness/find-tests.ts'
import { onEnd } from '../../testing/scope.ts'
import { type NodeLine, requireNode } from './nodes.ts'

/** The folders whose code depends on the version of Node. */
const FOLDERS = [
  'platform',
  'segment',
  'engine',
  'codecs',
  'cache',
  'http-message',
  'http-cache',
  'processes',
  'runner/apps',
]

/**
 * Starts of the paths that run at each change where only the foreign function interface differs.
 * `npm run test:matrix` runs all folders above.
 */
export const OVER_SHARED_MEMORY = [
  'platform/',
  'segment/',
  'cache/contract.',
  'processes/sharing.',
  'processes/threads.',
]

/** Starts of the paths that run under each other version at each change. */
const AT_EACH_CHANGE = [...OVER_SHARED_MEMORY, 'engine/', 'codecs/']

interface Counts {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

/** Declares one test for each folder. `env` is added to the environment. */
export function testSuitesUnder(
  line: NodeLine,
  title: string,
  env: Record<string, string>,
  starts: readonly string[] = AT_EACH_CHANGE,
): void {
  testFolders(line, title, env, path => starts.some(start => path.startsWith(start)))
}

/** As `testSuitesUnder`, with every file of the folders. */
export function testMatrixUnder(line: NodeLine, title: string, env: Record<string, string>): void {
  testFolders(line, title, env, path => FOLDERS.some(folder => path.startsWith(`${folder}/`)))
}

/** @param isWanted - takes a path below `test/` */
function testFolders(
  line: NodeLine,
  title: string,
  env: Record<string, string>,
  isWanted: (path: string) => boolean,
): void {
  const stages = findTestStages(path => isWanted(path.replace(/^test\//, '')))
  for (const { name, files } of stages) {
    test(`${title}: the tests of ${name} pass`, async t => {
      const command = requireNode(t, line)
      if (command === undefined) return
      const { counts, output } = await runFiles(t, command, files, env)
      t.diagnostic(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`)
      assert.ok(counts.failed === 0 && counts.passed > 0, output)
      if (process.env.CI === 'true') assert.equal(counts.skipped, 0, output)
    })
  }
}

async function runFiles(
  t: TestContext,
  command: string,
  files: readonly string[],
  added: Record<string, string>,
): Promise<{ counts: Counts; output: string }> {
  // One process for all files: its start, and compiling our modules, cost more than most files do.
  const flags = [
    '--test-reporter=tap',
    '--test-concurrency=1',
    '--experimental-test-isolation=none',
  ]
  const args = ['--test', ...flags, ...files]
  // This variable makes files report to the outer runner. These files report to this process.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  const child = spawn(command, args, {
    env: { ...env, ...added },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  onEnd(t, () => child.kill())
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  const code = await new Promise(resolve => child.once('close', resolve))
  const count = (name: string) => Number(output.match(new RegExp(`^# ${name} (\\d+)$`, 'm'))?.[1])
  const failed = count('fail') + count('cancelled') + (code === 0 ? 0 : 1)
  return { counts: { passed: count('pass'), failed, skipped: count('skipped') }, output }
}
