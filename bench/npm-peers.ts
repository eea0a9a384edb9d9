/**
 * Packages to compare with: installed beside the benchmarks when they first run, never with the
 * package itself.
 */

import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { ROOT } from '../test/runner/find-tests.ts'

const FOLDER = join(ROOT, 'bench/peers')
/** npm writes it last, so it also tells that an installation was not cut short. */
const INSTALLED = join(FOLDER, 'node_modules/.package-lock.json')

const INSTALL = ['ci', '--ignore-scripts', '--no-audit', '--no-fund']

let failure: string | undefined

/** Why they cannot be used; undefined: they are there. Tried once a run. */
export function installNpmPeers(): string | undefined {
  if (failure !== undefined || existsSync(INSTALLED)) return failure
  const args = [...INSTALL, '--prefix', FOLDER]
  console.log(`installing what to compare with: npm ${args.join(' ')}`)
  const { status } = spawnSync('npm', args, { stdio: ['ignore', 'ignore', 'inherit'] })
  if (status !== 0) failure = 'npm could not install bench/peers'
  return failure
}

/** A module of such a package; its shape is what the candidate says it uses of it. */
export function requirePeer<Module>(name: string): Module {
  return createRequire(join(FOLDER, 'package.json'))(name) as Module
}
