/**
 * `for` and `if`: the words for which each following line is repeated.
 *
 * A condition that holds is a loop over one word, the tested value. A condition that does not hold
 * is a loop over no words. So there is only one kind of logic to run.
 */

import { type GivenOption, optionError } from './given-option.ts'
import { findVariable, type HostEnvironment, type PathKind } from './host-environment.ts'
import { OPTION_TABLE } from './option-table.ts'
import { parseInteger } from './option-values.ts'

/** Enough for any real file; a larger number is a typing error. */
const MAX_TIMES = 100_000

/** The words for which the following lines are repeated. */
export type LogicWords = readonly string[]

/** Returns whether a name begins a block of logic. */
export function isLogic(name: string): boolean {
  return name === 'for' || name.startsWith('for-') || name.startsWith('if') || name === 'else'
}

/**
 * Returns the words of a `for` or `if` line. `findOption` searches the options given before that
 * line.
 */
export function resolveLogic(
  given: GivenOption,
  host: HostEnvironment,
  findOption: (name: string) => string | undefined,
): LogicWords {
  switch (given.name) {
    case 'for':
      return given.value.split(' ').filter(word => word !== '')
    case 'for-glob': {
      const paths = findMatches(given.value, host)
      return paths.length === 0 ? [given.value] : paths
    }
    case 'for-readline':
      return readLines(given, host)
    case 'for-times': {
      const count = parseInteger(`${given.name}`, given.value, 0, MAX_TIMES)
      return Array.from({ length: count }, (_, index) => String(index + 1))
    }
    default:
      return resolveCondition(given, host, findOption)
  }
}

/** Returns the text with each `%(_)` replaced. */
export function fillWord(text: string, word: string): string {
  return text.replaceAll('%(_)', () => word)
}

function readLines(given: GivenOption, host: HostEnvironment): LogicWords {
  const text = host.readFile(given.value)
  if (text === undefined) throw optionError(given, `cannot read the file ${given.value}`)
  const lines = text.split('\n')
  if (lines.at(-1) === '') lines.pop()
  return lines.map(line => line.replace(/\r$/, ''))
}

function resolveCondition(
  given: GivenOption,
  host: HostEnvironment,
  findOption: (name: string) => string | undefined,
): LogicWords {
  // The first name of `ifdir` and similar ones.
  const name = OPTION_TABLE.byName.get(given.name)?.name ?? given.name
  const isNegated = name.startsWith('if-not-')
  const test = name.slice(isNegated ? 'if-not-'.length : 'if-'.length)
  const kinds = PATH_TESTS.get(test)
  if (kinds !== undefined) {
    const kind = host.findKind(given.value)
    const holds = kind !== undefined && kinds.includes(kind)
    return holds === isNegated ? [] : [given.value]
  }
  if (test !== 'opt' && test !== 'env')
    throw optionError(given, 'is not a known condition; use opt, env, file, dir or exists')
  const equals = given.value.indexOf('=')
  const subject = equals < 0 ? given.value : given.value.slice(0, equals)
  const actual = test === 'opt' ? findOption(subject) : findVariable(host, subject)
  const holds = actual !== undefined && (equals < 0 || actual === given.value.slice(equals + 1))
  return holds === isNegated ? [] : [actual ?? '']
}

const PATH_TESTS: ReadonlyMap<string, readonly PathKind[]> = new Map([
  ['file', ['file']],
  ['dir', ['directory']],
  ['exists', ['file', 'directory', 'other']],
] satisfies [string, PathKind[]][])

/**
 * Returns the sorted paths that match a shell pattern: `*`, `?` and `[...]` within a name.
 * Directories end in `/`.
 */
export function findMatches(pattern: string, host: HostEnvironment): string[] {
  const isAbsolute = pattern.startsWith('/')
  let found = [isAbsolute ? '/' : '']
  for (const part of pattern.split('/').filter(name => name !== '')) {
    found = found.flatMap(parent => matchPart(parent, part, host))
  }
  // Sorted by code unit, as in the C locale, so that the order is the same everywhere.
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
  // Hidden names match only a pattern that begins with a dot.
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
    // A range from high to low, such as [z-a], matches nothing.
    return /(?!)/
  }
}
