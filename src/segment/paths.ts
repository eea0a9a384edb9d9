/**
 * Finds the files of segments by the names of their caches.
 *
 * `instance/name` is a cache of an instance, in the file `instance:name`. No name has a colon, so
 * that file belongs to this cache alone.
 */

import fs from 'node:fs'
import path from 'node:path'
import { defaultDirectory, directoriesOfOthers } from '../platform/index.ts'

const FILE_SUFFIX = '.undercroft'
const INSTANCE_SUFFIX = '.instance'

/** @returns the path of a cache's file: `store` if given, else a file in the directory */
export function segmentPath(
  name: string,
  directory: string | undefined,
  store: string | undefined,
): string {
  if (store !== undefined) return path.resolve(store)
  return path.join(directoryPath(directory), name.replace('/', ':') + FILE_SUFFIX)
}

/** @returns the path of the file that the master of an instance holds a lock on */
export function instancePath(instance: string, directory: string | undefined): string {
  return path.join(directoryPath(directory), instance + INSTANCE_SUFFIX)
}

/** @returns the sorted names of the caches in a directory; none if it cannot be read */
export function listSegments(directory: string | undefined): string[] {
  return listNames(directory, FILE_SUFFIX).map(name => name.replace(':', '/'))
}

/** The caches in the default directory of another user. */
export interface SegmentsOfUser {
  readonly userId: number
  readonly groupId: number
  readonly names: readonly string[]
}

/**
 * @returns the other users that have caches in their default directories; that user chooses the
 * names of files there, so only names that a cache can have count
 */
export function listSegmentsOfOthers(): SegmentsOfUser[] {
  const all = directoriesOfOthers().map(({ directory, userId, groupId }) => {
    return { userId, groupId, names: listSegments(directory).filter(name => SAFE_NAME.test(name)) }
  })
  return all.filter(({ names }) => names.length > 0)
}

const SAFE_NAME = /^[\w./-]+$/

/** @returns the instances that run or died in a directory; none if it cannot be read */
export function listInstances(directory: string | undefined): string[] {
  return listNames(directory, INSTANCE_SUFFIX)
}

function listNames(directory: string | undefined, suffix: string): string[] {
  let files: string[]
  try {
    files = fs.readdirSync(directoryPath(directory))
  } catch {
    return []
  }
  const found = files.filter(file => file.endsWith(suffix))
  return found.map(file => file.slice(0, -suffix.length)).sort()
}

export function directoryPath(directory: string | undefined): string {
  return path.resolve(directory ?? defaultDirectory())
}
