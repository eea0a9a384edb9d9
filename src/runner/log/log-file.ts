/**
 * The log file of an instance in place of stdout and stderr of this process, and so of every
 * process that it starts.
 */

import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs'
import { UndercroftError } from '../../base/index.ts'
import { redirectDescriptor } from '../../platform/index.ts'

const { O_WRONLY, O_CREAT, O_APPEND, O_NOCTTY } = constants

const STDOUT = 1
const STDERR = 2

/** As uWSGI: the owner writes, the group reads. */
const MODE = 0o640

/** Opens the file, and again after it was renamed: what was open stays until this succeeds. */
export function openLogFile(path: string): void {
  let descriptor: number
  try {
    descriptor = openSync(path, O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY, MODE)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new UndercroftError('UNDERCROFT_SYSTEM', `cannot write the log file: ${reason}`, {
      cause: error,
    })
  }
  try {
    redirectDescriptor(descriptor, STDOUT)
    redirectDescriptor(descriptor, STDERR)
  } finally {
    closeSync(descriptor)
  }
}

/** Returns whether the output of this process is a file. */
export function isLogFile(): boolean {
  return fstatSync(STDOUT).isFile()
}

/** Writes a line to the log file. `process.stdout` may write to what was open before. */
export function writeLogLine(line: string): void {
  try {
    writeSync(STDOUT, `${line}\n`)
  } catch {
    // A full device must not end the instance.
  }
}
