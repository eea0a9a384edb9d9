/**
 * Files that rules ask for, open and send.
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

/** A regular file that is open for reading; whoever has it closes it. */
export interface OpenFile {
  readonly descriptor: number
  readonly size: number
  readonly modifiedAtMs: number
}

/** Undefined: there is no such regular file, or it cannot be read. */
export function openFile(path: string): OpenFile | undefined {
  if (statOf(path)?.isFile() !== true) return undefined
  // Does not wait for a writer, should a pipe have taken the file's place just now.
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

/** What a path leads to, links followed; undefined: nothing, or nothing we may see. */
export function statOf(path: string): Stats | undefined {
  return attempt(() => statSync(toKey(path), { throwIfNoEntry: false }))
}

/** The same of a link itself. */
export function linkStatOf(path: string): Stats | undefined {
  return attempt(() => lstatSync(toKey(path), { throwIfNoEntry: false }))
}

/** A path that cannot be one, with a NUL byte from `%00`, leads nowhere. */
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
