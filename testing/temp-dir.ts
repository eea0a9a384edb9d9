/**
 * A directory of its own for each test, gone when the test ends.
 */

import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onEnd, type Scope } from './scope.ts'

const MEMORY_DIR = '/dev/shm'

/** On disk, or wherever the system keeps temporary files. Short enough for a Unix socket's path. */
export function tempDir(scope: Scope): string {
  return makeIn(scope, tmpdir())
}

/** In memory where the system has such a place, as segments are; else as `tempDir`. */
export function memoryDir(scope: Scope): string {
  return makeIn(scope, memoryRoot())
}

/** Where directories in memory are made, if the system has such a place. */
export function memoryRoot(): string {
  return isWritable(MEMORY_DIR) ? MEMORY_DIR : tmpdir()
}

/** In memory, for what lives as long as this test process; gone when it ends. */
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
