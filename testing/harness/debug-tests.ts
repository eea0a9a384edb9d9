/**
 * Runs tests by `node --test` with flags of Node's own: to watch, to debug, to measure coverage.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from '../root.ts'
import { findTestStages } from './find-tests.ts'
import type { TestOptions } from './options.ts'

const NO_FILES_EXIT_CODE = 1

/** @returns the exit code */
export async function debugTests({ paths, title, tier, nodeFlags }: TestOptions): Promise<number> {
  const isWanted = (path: string) => paths.length === 0 || paths.some(word => path.includes(word))
  const files = findTestStages(isWanted, tier).flatMap(stage => stage.files)
  if (files.length === 0) {
    console.log('no tests were found')
    return NO_FILES_EXIT_CODE
  }
  const isDebugging = nodeFlags.some(flag => flag.startsWith('--inspect'))
  mkdirSync(join(ROOT, 'coverage'), { recursive: true })
  const args = [
    '--test',
    ...(isDebugging ? ['--test-concurrency=1'] : []),
    ...(title === undefined ? [] : [`--test-name-pattern=${title}`]),
    ...nodeFlags,
    ...files,
  ]
  const child = spawn(process.execPath, args, { cwd: ROOT, stdio: 'inherit' })
  const [code] = await once(child, 'close')
  return code ?? 1
}
