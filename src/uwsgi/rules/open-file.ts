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
