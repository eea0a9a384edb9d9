/**
 * Files that must go with the instance: known by their identity, so that one that somebody else has
 * put in the same place since stays.
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

/** A file of ours. */
export interface OwnedFile {
  readonly path: string
  readonly device: number
  readonly inode: number
}

/** The file that is there now. */
export function identifyFile(path: string): OwnedFile {
  const { dev, ino } = lstatSync(path)
  return { path: resolve(path), device: dev, inode: ino }
}

/** Done also when it is not there any more, or is another's; throws what the system says. */
export function removeOwnedFile({ path, device, inode }: OwnedFile): void {
  const present = lstatSync(path, { throwIfNoEntry: false })
  if (present?.dev === device && present.ino === inode) unlinkSync(path)
}

/** Root writes it, perhaps where others may put a link to any file. */
const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW } = constants

/** The file with the master's process id. */
export class Pidfile {
  readonly file: OwnedFile
  readonly #descriptor: number

  /** Replaces what an earlier instance left. */
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

  /** Where the user we became may not remove it, an empty one remains, which names no process. */
  remove(): void {
    try {
      removeOwnedFile(this.file)
    } catch {
      ftruncateSync(this.#descriptor)
    }
    closeSync(this.#descriptor)
  }
}
