/**
 * Finds the caches of the instance that a process belongs to, so that a program under
 * `undercroft serve` opens them by their plain names.
 */

import { INSTANCE_VARIABLE } from '../base/index.ts'
import { directoryPath } from '../segment/index.ts'

/**
 * @returns `instance/name` if the instance of this process has a cache of that name in that
 * directory; else the name as given
 */
export function nameInInstance(name: string, directory: string | undefined): string {
  const text = process.env[INSTANCE_VARIABLE]
  if (text === undefined || name.includes('/')) return name
  const found = cachesOf(text).find(cache => cache.name === name)
  if (found?.instance === undefined) return name
  const isThere = directoryPath(directory) === directoryPath(found.directory)
  return isThere ? `${found.instance}/${name}` : name
}

interface NamedCache {
  readonly name?: unknown
  readonly instance?: string
  readonly directory?: string
}

/** @returns none if the variable is not what a master writes: uwsgi/api reports that */
function cachesOf(text: string): readonly NamedCache[] {
  try {
    const { caches } = JSON.parse(text) as { caches?: unknown }
    return Array.isArray(caches) ? (caches as NamedCache[]) : []
  } catch {
    return []
  }
}
