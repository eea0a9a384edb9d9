/**
 * The package as npm packs it, in a tarball and installed in a project.
 */

import { execFile, execFileSync } from 'node:child_process'
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ROOT } from '../../testing/root.ts'

const run = promisify(execFile)

const COMPILERS = { '5.0': 'typescript-5.0', '6': 'typescript' } as const

export type CompilerVersion = keyof typeof COMPILERS

/** What the program of a user and the package's declarations need, as npm would install it. */
const LIBRARIES = ['@types', 'undici-types', 'http-cache-semantics', 'koffi', 'srvx']

/** Made once for all tests of a file; gone with their process. */
export function packOnce(): string {
  const folder = mkdtempSync(join(tmpdir(), 'undercroft-packed-'))
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }))
  const args = ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder]
  return join(folder, execFileSync('npm', args, { cwd: ROOT, encoding: 'utf8' }).trim())
}

/** Installs the tarball next to the programs of `consumers/`, in this folder. */
export function installPacked(tarball: string, folder: string): void {
  const modules = join(folder, 'node_modules')
  mkdirSync(join(modules, 'undercroft'), { recursive: true })
  const target = ['-C', join(modules, 'undercroft'), '--strip-components=1']
  execFileSync('tar', ['-xzf', tarball, ...target])
  for (const name of LIBRARIES) {
    symlinkSync(join(ROOT, 'node_modules', name), join(modules, name), 'junction')
  }
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module', private: true }))
  const consumers = join(ROOT, 'test/tools/consumers')
  for (const name of readdirSync(consumers)) {
    copyFileSync(join(consumers, name), join(folder, name))
  }
}

/** @returns what the compiler has to say, with every library checked; empty: nothing */
export async function compileIn(
  folder: string,
  version: CompilerVersion,
  options: Readonly<Record<string, unknown>>,
): Promise<string> {
  const usual = { target: 'es2022', strict: true, noEmit: true, skipLibCheck: false }
  const compilerOptions = { ...usual, types: ['node'], ...options }
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions }))
  const tsc = join(ROOT, 'node_modules', COMPILERS[version], 'lib/tsc.js')
  const { stdout } = await run(process.execPath, [tsc, '-p', folder]).catch(error => error)
  return stdout
}
