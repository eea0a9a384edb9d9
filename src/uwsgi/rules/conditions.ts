/**
 * Conditions of `route-if` and `route-if-not`, by name.
 *
 * uWSGI 2.0.21, core/routing.c, and plugins/router_cache for `incache`.
 */

import { BlockList, isIP } from 'node:net'
import { formatSuggestion } from '../../base/index.ts'
import { parseKeyValues } from '../options/index.ts'
import { leadingInteger, toByteText, toKey } from './byte-text.ts'
import { compileCacheName } from './cache-name.ts'
import { isExecutable, linkStatOf, statOf } from './open-file.ts'
import { compilePattern } from './pattern/index.ts'
import { type Condition, RuleError, type RuleScope, whenKnown } from './rule.ts'
import { compileSubject } from './template.ts'

type ConditionKind = (text: string, scope: RuleScope) => Condition

const ONE_SIDED: Readonly<Record<string, (subject: string) => boolean>> = {
  empty: subject => subject === '',
  exists: path => statOf(path) !== undefined,
  isfile: path => statOf(path)?.isFile() === true,
  isdir: path => statOf(path)?.isDirectory() === true,
  islink: path => linkStatOf(path)?.isSymbolicLink() === true,
  isexec: path => isExecutable(path),
}

const TWO_SIDED: Readonly<Record<string, (subject: string, pattern: string) => boolean>> = {
  equal: (subject, pattern) => subject === pattern,
  startswith: (subject, pattern) => subject.startsWith(pattern),
  endswith: (subject, pattern) => subject.endsWith(pattern),
  // uWSGI's search gives up after a partial match (F46), and finds an empty string in nothing.
  contains: (subject, pattern) => pattern !== '' && subject.includes(pattern),
  ishigher: (subject, pattern) => leadingInteger(subject) > leadingInteger(pattern),
  ishigherequal: (subject, pattern) => leadingInteger(subject) >= leadingInteger(pattern),
  islower: (subject, pattern) => leadingInteger(subject) < leadingInteger(pattern),
  islowerequal: (subject, pattern) => leadingInteger(subject) <= leadingInteger(pattern),
  ipv4in: (subject, pattern) => isInNetwork(subject, pattern, 4),
  ipv6in: (subject, pattern) => isInNetwork(subject, pattern, 6),
}

const ALIASES: Readonly<Record<string, string>> = {
  isequal: 'equal',
  eq: 'equal',
  '==': 'equal',
  contain: 'contains',
  re: 'regexp',
  '>': 'ishigher',
  '>=': 'ishigherequal',
  '<': 'islower',
  '<=': 'islowerequal',
}

const SPECIAL: Readonly<Record<string, ConditionKind>> = {
  regexp: compileRegexp,
  incache: compileInCache,
}

/** All names of all conditions. */
export const CONDITION_NAMES: readonly string[] = [ONE_SIDED, TWO_SIDED, ALIASES, SPECIAL].flatMap(
  names => Object.keys(names),
)

/** @throws RuleError for an unknown name */
export function compileCondition(name: string, text: string, scope: RuleScope): Condition {
  const known = Object.hasOwn(ALIASES, name) ? (ALIASES[name] ?? name) : name
  const oneSided = Object.hasOwn(ONE_SIDED, known) ? ONE_SIDED[known] : undefined
  if (oneSided !== undefined) {
    const subject = compileSubject(text)
    return context => oneSided(subject.expand(context))
  }
  const twoSided = Object.hasOwn(TWO_SIDED, known) ? TWO_SIDED[known] : undefined
  if (twoSided !== undefined) return compileTwoSided(twoSided, name, text, scope)
  const special = Object.hasOwn(SPECIAL, known) ? SPECIAL[known] : undefined
  if (special !== undefined) return special(text, scope)
  const suggestion = formatSuggestion(name, CONDITION_NAMES)
  throw new RuleError(`unable to find "${name}" route condition${suggestion}`)
}

/** Compiles `subject;pattern`, both expanded for each request. */
function compileTwoSided(
  test: (subject: string, pattern: string) => boolean,
  name: string,
  text: string,
  scope: RuleScope,
): Condition {
  const sides = splitSides(name, text, scope)
  if (sides === undefined) return () => false
  const subject = compileSubject(sides[0])
  const pattern = compileSubject(sides[1])
  return context => test(subject.expand(context), pattern.expand(context))
}

function compileRegexp(text: string, scope: RuleScope): Condition {
  const sides = splitSides('regexp', text, scope)
  if (sides === undefined) return () => false
  const subject = compileSubject(sides[0])
  const { regexp, isRisky } = compilePattern(toByteText(sides[1]))
  if (isRisky) scope.warn(riskyWarning(sides[1]))
  return context => {
    const found = regexp.exec(subject.expand(context))
    context.groups = found
    return found !== null
  }
}

/** The warning about a pattern like `(a+)+`. */
export function riskyWarning(pattern: string): string {
  return `the regular expression ${pattern} repeats a repetition, and can take very long to fail`
}

/** Compiles `key=...[,name=...]`. Asking is neither a hit nor a use of the item. */
function compileInCache(text: string, scope: RuleScope): Condition {
  const pairs = new Map(parseKeyValues(text).map(({ name, value }) => [name, value]))
  const key = pairs.get('key')
  if (key === undefined) {
    scope.warn('incache has no key, so it never holds')
    return () => false
  }
  const template = compileSubject(key)
  const findCache = compileCacheName(pairs.get('name'), compileSubject, scope)
  return context => {
    const answer = findCache(context).exists(toKey(template.expand(context)))
    return whenKnown(answer, isThere => isThere === true)
  }
}

/**
 * Whether an address is in a network such as `10.0.0.0/8`, for `ipv4in` and `ipv6in`. A network
 * without a prefix is one address.
 *
 * @returns false if one of the two is not valid, or is of the other version
 */
export function isInNetwork(address: string, network: string, version: 4 | 6): boolean {
  const [base = '', prefix] = network.split('/', 2)
  const size = version === 4 ? 32 : 128
  const prefixSize = prefix === undefined ? size : parsePrefix(prefix, size)
  if (prefixSize === undefined || !isAddress(address, version) || !isAddress(base, version)) {
    return false
  }
  const list = new BlockList()
  const family = version === 4 ? 'ipv4' : 'ipv6'
  list.addSubnet(base, prefixSize, family)
  return list.check(address, family)
}

function parsePrefix(text: string, max: number): number | undefined {
  const size = /^\d{1,3}$/.test(text) ? Number(text) : Number.NaN
  return size <= max ? size : undefined
}

/** As `inet_pton` of C decides, which does not accept a zone (`%eth0`). */
function isAddress(text: string, version: 4 | 6): boolean {
  return isIP(text) === version && !text.includes('%')
}

function splitSides(
  name: string,
  text: string,
  scope: RuleScope,
): readonly [subject: string, pattern: string] | undefined {
  const semicolon = text.indexOf(';')
  if (semicolon >= 0) return [text.slice(0, semicolon), text.slice(semicolon + 1)]
  scope.warn(`${name} has no ";" between its two sides, so it never holds`)
  return undefined
}
