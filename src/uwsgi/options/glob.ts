/**
 * Shell patterns over paths: `*`, `?` and `[...]` within a name.
 */

import type { HostEnvironment } from './host-environment.ts'

/** The paths that match, sorted, directories with a trailing `/`; none if nothing does. */
export function findMatches(pattern: string, host: HostEnvironment): string[] {
  const isAbsolute = pattern.startsWith('/')
  let found = [isAbsolute ? '/' : '']
  for (const part of pattern.split('/').filter(name => name !== '')) {
    found = found.flatMap(parent => matchPart(parent, part, host))
  }
  // By code unit, as the C locale sorts, so that the order is the same everywhere.
  return found
    .map(path => (host.findKind(path) === 'directory' ? `${path}/` : path))
    .sort((left, right) => (left < right ? -1 : Number(left > right)))
}

function matchPart(parent: string, part: string, host: HostEnvironment): string[] {
  const prefix = parent === '' || parent.endsWith('/') ? parent : `${parent}/`
  if (!/[*?[]/.test(part)) {
    const path = prefix + part
    return host.findKind(path) === undefined ? [] : [path]
  }
  const matches = compilePart(part)
  const names = host.listDirectory(parent === '' ? '.' : parent) ?? []
  // Hidden names only when asked for.
  return names
    .filter(name => matches.test(name) && (part.startsWith('.') || !name.startsWith('.')))
    .map(name => prefix + name)
}

function compilePart(part: string): RegExp {
  const source = part.replace(/\[(!?)([^\]]+)\]|[\s\S]/g, (text, not: string, set: string) => {
    if (set !== undefined) return `[${not === '!' ? '^' : ''}${set.replace(/[\\^[]/g, '\\$&')}]`
    if (text === '*') return '.*'
    if (text === '?') return '.'
    return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
  })
  try {
    return new RegExp(`^${source}$`, 'su')
  } catch {
    // A range from high to low, as in [z-a], matches nothing.
    return /(?!)/
  }
}
