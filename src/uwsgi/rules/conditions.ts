/**
 * Conditions of `route-if` and `route-if-not`, by name.
 *
 * uWSGI 2.0.21, core/routing.c, and plugins/router_cache for `incache`.
 */

import { formatSuggestion } from '../../base/index.ts'
import { parseKeyValues } from '../options/index.ts'
import { isInNetwork } from './addresses.ts'
import { toByteText, toKey } from './byte-text.ts'
import { compileCacheName } from './cache-name.ts'
import { leadingInteger } from './leading-integer.ts'
import { isExecutable, linkStatOf, statOf } from './open-file.ts'
import { compilePattern } from './pattern/index.ts'
import { type Condition, type RuleContext, RuleError, whenKnown } from './rule.ts'
import { compileSubject } from './template.ts'

type ConditionKind = (text: string, context: RuleContext) => Condition

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
  // uWSGI's search does not begin again after a partial match (F46); nothing is in nothing there.
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

/** Throws RuleError for a name that is none. */
export function compileCondition(name: string, text: string, context: RuleContext): Condition {
  const known = Object.hasOwn(ALIASES, name) ? (ALIASES[name] ?? name) : name
  const oneSided = Object.hasOwn(ONE_SIDED, known) ? ONE_SIDED[known] : undefined
  if (oneSided !== undefined) {
    const subject = compileSubject(text)
    return exchange => oneSided(subject.expand(exchange))
  }
  const twoSided = Object.hasOwn(TWO_SIDED, known) ? TWO_SIDED[known] : undefined
  if (twoSided !== undefined) return compileTwoSided(twoSided, name, text, context)
  const special = Object.hasOwn(SPECIAL, known) ? SPECIAL[known] : undefined
  if (special !== undefined) return special(text, context)
  const suggestion = formatSuggestion(name, CONDITION_NAMES)
  throw new RuleError(`unable to find "${name}" route condition${suggestion}`)
}

/** `subject;pattern`, both filled in. */
function compileTwoSided(
  test: (subject: string, pattern: string) => boolean,
  name: string,
  text: string,
  context: RuleContext,
): Condition {
  const sides = splitSides(name, text, context)
  if (sides === undefined) return () => false
  const subject = compileSubject(sides[0])
  const pattern = compileSubject(sides[1])
  return exchange => test(subject.expand(exchange), pattern.expand(exchange))
}

function compileRegexp(text: string, context: RuleContext): Condition {
  const sides = splitSides('regexp', text, context)
  if (sides === undefined) return () => false
  const subject = compileSubject(sides[0])
  const { regexp, isRisky } = compilePattern(toByteText(sides[1]))
  if (isRisky) context.warn(riskyWarning(sides[1]))
  return exchange => {
    const found = regexp.exec(subject.expand(exchange))
    exchange.groups = found
    return found !== null
  }
}

/** What to tell of a pattern like `(a+)+`. */
export function riskyWarning(pattern: string): string {
  return `the regular expression ${pattern} repeats a repetition, and can take very long to fail`
}

/** `key=...[,name=...]`. Counts no hit, and is no use of the item. */
function compileInCache(text: string, context: RuleContext): Condition {
  const pairs = new Map(parseKeyValues(text).map(({ name, value }) => [name, value]))
  const key = pairs.get('key')
  if (key === undefined) {
    context.warn('incache has no key, so it never holds')
    return () => false
  }
  const template = compileSubject(key)
  const findCache = compileCacheName(pairs.get('name'), compileSubject, context)
  return exchange => {
    const answer = findCache(exchange).exists(toKey(template.expand(exchange)))
    return whenKnown(answer, isThere => isThere === true)
  }
}

function splitSides(
  name: string,
  text: string,
  context: RuleContext,
): readonly [subject: string, pattern: string] | undefined {
  const semicolon = text.indexOf(';')
  if (semicolon >= 0) return [text.slice(0, semicolon), text.slice(semicolon + 1)]
  context.warn(`${name} has no ";" between its two sides, so it never holds`)
  return undefined
}
