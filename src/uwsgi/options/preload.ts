/**
 * What to store in caches at start: `add-cache-item`, `load-file-in-cache` and its gzip variant.
 *
 * All three begin with the name of a cache and a space. A value without a space applies to every
 * cache, so a path or value that contains a space needs the name. uWSGI silently drops what it
 * cannot place; here a warning says so.
 */

import { formatGiven, type GivenOption } from './given-option.ts'
import { listOption, type OptionSet } from './option-set.ts'

/** One item or file to store in one cache. */
export type Preload =
  | { readonly kind: 'item'; readonly key: string; readonly value: string }
  /** The key is the path as written. */
  | { readonly kind: 'file'; readonly path: string; readonly isGzipped: boolean }

export interface ResolvedPreloads {
  /** By name of the cache, in uWSGI's order: files, gzipped files, items. */
  readonly byCache: ReadonlyMap<string, readonly Preload[]>
  readonly warnings: readonly string[]
}

/** Assigns each given item and file to the caches of these names. */
export function resolvePreloads(options: OptionSet, names: Iterable<string>): ResolvedPreloads {
  const byCache = new Map([...names].map((name): [string, Preload[]] => [name, []]))
  const warnings: string[] = []
  for (const { name, read } of SOURCES) {
    for (const given of listOption(options, name)) {
      const [cacheName, text] = splitTarget(given.value)
      const preload = read(text)
      const targets = [...byCache].filter(([known]) => [undefined, known].includes(cacheName))
      if (targets.length === 0) warnings.push(describeLost(given, cacheName))
      else if (preload === undefined)
        warnings.push(`${formatGiven(given)}: "${text}" has no "="; write KEY=VALUE`)
      else for (const [, list] of targets) list.push(preload)
    }
  }
  return { byCache, warnings }
}

const SOURCES: readonly {
  readonly name: string
  readonly read: (text: string) => Preload | undefined
}[] = [
  { name: 'load-file-in-cache', read: path => ({ kind: 'file', path, isGzipped: false }) },
  { name: 'load-file-in-cache-gzip', read: path => ({ kind: 'file', path, isGzipped: true }) },
  { name: 'add-cache-item', read: readItem },
]

/** The name is undefined for a value that applies to every cache. */
function splitTarget(value: string): [cacheName: string | undefined, text: string] {
  const space = value.indexOf(' ')
  return space < 0 ? [undefined, value] : [value.slice(0, space), value.slice(space + 1)]
}

function readItem(text: string): Preload | undefined {
  const equals = text.indexOf('=')
  if (equals < 0) return undefined
  return { kind: 'item', key: text.slice(0, equals), value: text.slice(equals + 1) }
}

function describeLost(given: GivenOption, cacheName: string | undefined): string {
  const label = formatGiven(given)
  if (cacheName === undefined) return `${label}: there is no cache, so nothing is stored`
  const hint = `write the cache's name and a space before "${given.value}" if that is one thing`
  return `${label}: there is no cache "${cacheName}", so nothing is stored; ${hint}`
}
