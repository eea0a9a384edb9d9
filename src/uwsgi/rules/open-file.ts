/**
 * Opening files, and asking about paths.
 */

import {
  accessSync,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readlinkSync,
  realpathSync,
  type Stats,
  statSync,
} from 'node:fs'
import { toKey } from './byte-text.ts'

/** A regular file that is open for reading. Its owner closes it. */
export interface OpenFile {
  readonly descriptor: number
  readonly size: number
  readonly modifiedAtMs: number
}

/** @returns undefined if there is no such regular file, or it cannot be read */
export function openFile(path: string): OpenFile | undefined {
  if (statOf(path)?.isFile() !== true) return undefined
  // O_NONBLOCK: if a pipe has just replaced the file, opening must not wait for a writer.
  const flags = constants.O_RDONLY | constants.O_NONBLOCK
  const descriptor = attempt(() => openSync(toKey(path), flags))
  if (descriptor === undefined) return undefined
  const stats = fstatSync(descriptor)
  if (stats.isFile()) return { descriptor, size: stats.size, modifiedAtMs: stats.mtimeMs }
  closeSync(descriptor)
  return undefined
}

/**
 * The real path of an open file, without links.
 *
 * On Linux the kernel is asked about the descriptor, so the answer cannot be changed by a link that
 * appears after the file was opened. Elsewhere the path is resolved again and must lead to the same
 * file.
 *
 * @returns undefined if the path leads to another file by now
 */
export function realPathOf({ descriptor }: OpenFile, path: string): string | undefined {
  const known = attempt(() => readlinkSync(`/proc/self/fd/${descriptor}`, 'latin1'))
  if (known !== undefined) return known.replace(/ \(deleted\)$/, '')
  const resolved = attempt(() => realpathSync.native(toKey(path), 'latin1'))
  if (resolved === undefined) return undefined
  const there = attempt(() => lstatSync(toKey(resolved), { bigint: true }))
  const opened = fstatSync(descriptor, { bigint: true })
  const isSame = there?.dev === opened.dev && there.ino === opened.ino
  return isSame ? resolved : undefined
}

export function closeFile(file: OpenFile): void {
  closeSync(file.descriptor)
}

/** Facts about the target of a path; undefined: there is none, or access is denied. */
export function statOf(path: string): Stats | undefined {
  return attempt(() => statSync(toKey(path), { throwIfNoEntry: false }))
}

/** The same about a link itself. */
export function linkStatOf(path: string): Stats | undefined {
  return attempt(() => lstatSync(toKey(path), { throwIfNoEntry: false }))
}

/** An invalid path, such as one with a NUL byte from `%00`, has no target. */
function attempt<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch {
    return undefined
  }
}

export function isExecutable(path: string): boolean {
  const isAllowed = () => {
    accessSync(toKey(path), constants.X_OK)
    return true
  }
  return attempt(isAllowed) ?? false
}
