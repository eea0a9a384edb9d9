/**
 * Temporary directories, each removed when its test ends.
 */

import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onEnd, type Scope } from './scope.ts'

const MEMORY_DIR = '/dev/shm'

/** Creates a directory for temporary files, with a path short enough for a Unix socket. */
export function tempDir(scope: Scope): string {
  return makeIn(scope, tmpdir())
}

/** Creates a directory in memory, as segments use, or else one like `tempDir`. */
export function memoryDir(scope: Scope): string {
  return makeIn(scope, memoryRoot())
}

/** @returns the folder for directories in memory, if the system has one; else that of `tempDir` */
export function memoryRoot(): string {
  return isWritable(MEMORY_DIR) ? MEMORY_DIR : tmpdir()
}

/** Creates a directory in memory that is removed when this process ends. */
export function processDir(): string {
  const path = mkdtempSync(join(memoryRoot(), 'undercroft-test-'))
  process.on('exit', () => rmSync(path, { recursive: true, force: true }))
  return path
}

function makeIn(scope: Scope, parent: string): string {
  const path = mkdtempSync(join(parent, 'undercroft-test-'))
  onEnd(scope, () => rmSync(path, { recursive: true, force: true, maxRetries: 5 }))
  return path
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK)
    return true
  } catch {
    return false
  }
}
