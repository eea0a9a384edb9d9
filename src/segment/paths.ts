/**
 * Finds the files of segments by the names of their caches.
 */

import fs from 'node:fs'
import path from 'node:path'
import { defaultDirectory } from '../platform/index.ts'

const FILE_SUFFIX = '.undercroft'

/** @returns the path of a cache's file: `store` if given, else a file in the directory */
export function segmentPath(
  name: string,
  directory: string | undefined,
  store: string | undefined,
): string {
  if (store !== undefined) return path.resolve(store)
  return path.join(path.resolve(directory ?? defaultDirectory()), name + FILE_SUFFIX)
}

/** @returns the sorted names of the caches in a directory; none if it cannot be read */
export function listSegments(directory: string | undefined): string[] {
  let files: string[]
  try {
    files = fs.readdirSync(path.resolve(directory ?? defaultDirectory()))
  } catch {
    return []
  }
  return files
    .filter(file => file.endsWith(FILE_SUFFIX))
    .map(file => file.slice(0, -FILE_SUFFIX.length))
    .sort()
}
