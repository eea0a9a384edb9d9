/**
 * Files that an instance removes at its end. Each is known by its identity, so that a file that
 * another process has since put in the same place stays.
 */

import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readFileSync,
  unlinkSync,
  writeSync,
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
const { O_WRONLY, O_CREAT, O_NOFOLLOW } = constants

/**
 * The file with the master's process id.
 *
 * It is opened while this process may still be root, and written once this instance has its
 * sockets: the start of an instance that finds them in use leaves the pidfile of the other one as
 * it was.
 */
export class Pidfile {
  readonly file: OwnedFile
  readonly #descriptor: number
  readonly #isNew: boolean
  readonly #text = `${process.pid}\n`
  #isWritten = false

  constructor(path: string) {
    this.#isNew = !existsSync(path)
    try {
      this.#descriptor = openSync(path, O_WRONLY | O_CREAT | O_NOFOLLOW, 0o644)
      const { dev, ino } = fstatSync(this.#descriptor)
      this.file = { path: resolve(path), device: dev, inode: ino }
    } catch (error) {
      throw pidfileFailed(error)
    }
  }

  /** Replaces what an earlier instance wrote. */
  write(): void {
    try {
      this.#isWritten = true
      ftruncateSync(this.#descriptor)
      writeSync(this.#descriptor, this.#text, 0)
    } catch (error) {
      throw pidfileFailed(error)
    }
  }

  /**
   * Removes the file unless another instance has written it since. Where the present user may not
   * remove it, the file is left empty, which names no process.
   */
  remove(): void {
    try {
      if (this.#isWritten ? this.#isOurs() : this.#isNew) removeOwnedFile(this.file)
    } catch {
      ftruncateSync(this.#descriptor)
    }
    closeSync(this.#descriptor)
  }

  #isOurs(): boolean {
    return existsSync(this.file.path) && readFileSync(this.file.path, 'utf8') === this.#text
  }
}

function pidfileFailed(error: unknown): UndercroftError {
  const reason = error instanceof Error ? error.message : String(error)
  return new UndercroftError('UNDERCROFT_SYSTEM', `cannot write the pidfile: ${reason}`, {
    cause: error,
  })
}
