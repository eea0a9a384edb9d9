/**
 * Files that an instance removes at its end. Each is known by its identity, so that a file that
 * another process has since put in the same place stays.
 */

import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  lstatSync,
  openSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { resolve } from 'node:path'
import { UndercroftError } from '../base/index.ts'

/** A file that this instance created. */
export interface OwnedFile {
  readonly path: string
  readonly device: number
  readonly inode: number
}

/** Identifies the file that is at the path now. */
export function identifyFile(path: string): OwnedFile {
  const { dev, ino } = lstatSync(path)
  return { path: resolve(path), device: dev, inode: ino }
}

/**
 * Removes the file. Does nothing if it is gone or another file has taken its place; throws the
 * error of the system.
 */
export function removeOwnedFile({ path, device, inode }: OwnedFile): void {
  const present = lstatSync(path, { throwIfNoEntry: false })
  if (present?.dev === device && present.ino === inode) unlinkSync(path)
}

/** Root may write the pidfile into a directory where other users can place a link to any file. */
const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW } = constants

/** The file with the master's process id. */
export class Pidfile {
  readonly file: OwnedFile
  readonly #descriptor: number

  /** Replaces the pidfile of an earlier instance. */
  constructor(path: string) {
    try {
      this.#descriptor = openSync(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o644)
      writeFileSync(this.#descriptor, `${process.pid}\n`)
      const { dev, ino } = fstatSync(this.#descriptor)
      this.file = { path: resolve(path), device: dev, inode: ino }
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      throw new UndercroftError('UNDERCROFT_SYSTEM', `cannot write the pidfile: ${reason}`, {
        cause: error,
      })
    }
  }

  /** Where the present user may not remove the file, it is left empty, which names no process. */
  remove(): void {
    try {
      removeOwnedFile(this.file)
    } catch {
      ftruncateSync(this.#descriptor)
    }
    closeSync(this.#descriptor)
  }
}
