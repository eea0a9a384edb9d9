/**
 * Whether a response may be stored, and for how long: RFC 9111 sections 3 and 4.2, for a shared
 * cache.
 *
 * It is stricter than the RFC: responses with Set-Cookie are not stored, and most errors only if
 * the owner asks for them.
 */

import { type HeaderField, parseHttpDate } from '../http-message/index.ts'
import type { RequestCredentials } from './cache-request.ts'
import {
  type Directives,
  parseDirectives,
  parseSeconds,
  parseTargetedDirectives,
  secondsOf,
} from './directives.ts'
import { isNeverFresh, type Lifetime } from './stored-response.ts'

/** What an `HttpCache` stores only if its `alsoStore` option lists it. */
export const REFUSED_BY_DEFAULT = [
  'set-cookie',
  'private',
  'no-store',
  'authorization',
  'errors',
] as const

export type RefusedByDefault = (typeof REFUSED_BY_DEFAULT)[number]

/** Why a response is not stored; Cache-Status has it as `detail`. */
export type Refusal =
  | Exclude<RefusedByDefault, 'errors'>
  | 'vary'
  | 'status'
  | 'no-freshness'
  | 'cookie'

/** A response without its body. */
export interface ResponseHead {
  readonly status: number
  readonly reason: string
  /** Names in lower case. */
  readonly fields: readonly HeaderField[]
}

export interface StorabilityRules {
  readonly alsoStore: ReadonlySet<RefusedByDefault>
  /** For how long a page stays fresh that says nothing about freshness; 0: not at all. */
  readonly defaultTtlMs: number
  /** The part of the time since its last change for which such a page stays fresh; 0: none. */
  readonly heuristicFraction: number
  /** For how long a stale page replaces errors, if it does not say so itself. */
  readonly staleIfErrorMs: number
  /** Fields that this cache obeys instead of Cache-Control, the strongest first. */
  readonly targetedFields: readonly string[]
}

/** `omitted`: fields that must not be stored with the response. */
export type Storability =
  | { readonly lifetime: Lifetime; readonly omitted: ReadonlySet<string> }
  | { readonly refusal: Refusal }

/** What a response says about caching. */
interface CachePolicy {
  readonly headers: Readonly<Record<string, string>>
  /** Of the one field that counts, without those that the owner overrules. */
  readonly directives: Directives
  /** Undefined if there is none, or if a targeted field counts instead. */
  readonly expires: string | undefined
}

interface Freshness {
  readonly freshMs: number
  /** The response says so itself. */
  readonly isExplicit: boolean
}

/** The default TTL applies to this status. Responses with others should often not last. */
const DEFAULT_TTL_STATUS = 200

/** RFC 9110 section 15.1: heuristics may apply. 206 is missing, because parts are not stored. */
const HEURISTIC_STATUSES = new Set([200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501])

/** RFC 9111 section 5.2.2.3, `must-understand`: statuses that this cache knows all about. */
const UNDERSTOOD_STATUSES = new Set([...HEURISTIC_STATUSES, 302, 303, 307])

/** A part of a page, and an answer to a condition. */
const NEVER_STORED_STATUSES = new Set([206, 304])

const MIN_ERROR_STATUS = 400
const MAX_STATUS = 599

/** With any of these, neither the default TTL nor heuristics apply. */
const FRESHNESS_DIRECTIVES = ['s-maxage', 'max-age', 'no-cache', 'must-revalidate']

const ALLOWS_AUTHORIZED = ['public', 's-maxage', 'must-revalidate'] // RFC 9111 section 3.5

/** RFC 9111 section 4.2.2 leaves the limit to caches. A day is what most take. */
const MAX_HEURISTIC_MS = 86_400_000

const NEVER_FRESH: Freshness = { freshMs: 0, isExplicit: true }

const FIELD_NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/

/** A response without these would be misread, or be taken for another. */
const INDISPENSABLE = /^(?:content-.*|vary|date|etag|last-modified)$/

export function evaluateStorability(
  head: ResponseHead,
  credentials: RequestCredentials,
  rules: StorabilityRules,
  nowMs: number,
): Storability {
  const policy = policyOf(head, rules)
  const refusal = refusalOf(head.status, policy, credentials, rules)
  if (refusal !== undefined) return { refusal }
  const noCache = noCacheFields(policy.directives)
  const isNoCache = noCache === 'all'
  const freshness = isNoCache ? NEVER_FRESH : freshnessOf(head.status, policy, rules, nowMs)
  const lifetime = lifetimeOf(policy, freshness, isNoCache, rules, nowMs)
  if (!isWorthStoring(head.status, policy, freshness, lifetime)) {
    const isPage = freshness.isExplicit || HEURISTIC_STATUSES.has(head.status)
    return { refusal: isPage ? 'no-freshness' : 'status' }
  }
  if (lifetime.isByDefault && credentials.hasCookie) return { refusal: 'cookie' }
  return { lifetime, omitted: isNoCache ? new Set() : noCache }
}

/** RFC 9110 section 5.3: several fields of one name are one list. */
export function combine(fields: readonly HeaderField[]): Record<string, string> {
  const combined: Record<string, string> = Object.create(null)
  for (const [name, value] of fields) {
    const before = combined[name]
    combined[name] = before === undefined ? value : `${before}, ${value}`
  }
  return combined
}

/** @returns the names of a list such as Vary, in lower case */
export function namesIn(list: string | undefined): string[] {
  const names = (list ?? '').split(',').map(name => name.trim().toLowerCase())
  return names.filter(name => name !== '')
}

/** RFC 9213 section 2.2: a targeted field replaces Cache-Control and Expires. */
function policyOf({ status, fields }: ResponseHead, rules: StorabilityRules): CachePolicy {
  const headers = combine(fields)
  for (const name of rules.targetedFields) {
    const text = headers[name]
    const said = text === undefined ? undefined : parseTargetedDirectives(text)
    if (said === undefined) continue
    return { headers, directives: withoutOverruled(said, status, rules), expires: undefined }
  }
  const said = parseDirectives(headers['cache-control'])
  const { expires } = headers
  return { headers, directives: withoutOverruled(said, status, rules), expires }
}

function withoutOverruled(
  said: Directives,
  status: number,
  { alsoStore }: StorabilityRules,
): Directives {
  const directives = new Map(said)
  if (alsoStore.has('private')) directives.delete('private')
  if (alsoStore.has('no-store')) directives.delete('no-store')
  // RFC 9111 section 5.2.2.3: no-store is then for caches that do not know the status.
  if (said.has('must-understand') && UNDERSTOOD_STATUSES.has(status)) directives.delete('no-store')
  return directives
}

function refusalOf(
  status: number,
  { headers, directives }: CachePolicy,
  credentials: RequestCredentials,
  { alsoStore }: StorabilityRules,
): Refusal | undefined {
  if (headers['set-cookie'] !== undefined && !alsoStore.has('set-cookie')) return 'set-cookie'
  if (directives.has('no-store')) return 'no-store'
  if (directives.has('private')) return 'private'
  if (headers.vary?.includes('*') === true) return 'vary'
  if (directives.has('must-understand') && !UNDERSTOOD_STATUSES.has(status)) return 'status'
  if (!isStorableStatus(status, alsoStore.has('errors'))) return 'status'
  if (!credentials.hasAuthorization || alsoStore.has('authorization')) return undefined
  return ALLOWS_AUTHORIZED.some(name => directives.has(name)) ? undefined : 'authorization'
}

/** Errors that last, such as 404, are pages like any other. */
function isStorableStatus(status: number, storesErrors: boolean): boolean {
  if (NEVER_STORED_STATUSES.has(status) || status > MAX_STATUS) return false
  return status < MIN_ERROR_STATUS || storesErrors || HEURISTIC_STATUSES.has(status)
}

/** RFC 9111 section 4.2.1: the first of these that is present counts. */
function freshnessOf(
  status: number,
  { headers, directives, expires }: CachePolicy,
  rules: StorabilityRules,
  nowMs: number,
): Freshness {
  const seconds = secondsOf(directives, 's-maxage') ?? secondsOf(directives, 'max-age')
  if (seconds !== undefined) return { freshMs: seconds * 1000, isExplicit: true }
  const dateMs = parseDateOr(nowMs, headers.date, nowMs)
  if (expires !== undefined) {
    return { freshMs: Math.max(0, parseDateOr(0, expires, nowMs) - dateMs), isExplicit: true }
  }
  const hasOnlyPragma = headers['cache-control'] === undefined && headers.pragma !== undefined
  if (hasOnlyPragma || FRESHNESS_DIRECTIVES.some(name => directives.has(name))) return NEVER_FRESH
  const isGuessable = HEURISTIC_STATUSES.has(status) || directives.has('public')
  const unchangedMs = dateMs - parseDateOr(dateMs, headers['last-modified'], nowMs)
  const guessedMs = isGuessable ? Math.max(0, unchangedMs * rules.heuristicFraction) : 0
  const defaultMs = status === DEFAULT_TTL_STATUS ? rules.defaultTtlMs : 0
  const freshMs = guessedMs > 0 ? Math.min(guessedMs, MAX_HEURISTIC_MS) : defaultMs
  return { freshMs, isExplicit: false }
}

/** @returns `instead` if the field is not a date */
function parseDateOr(instead: number, text: string | undefined, nowMs: number): number {
  const atMs = parseHttpDate(text ?? '', nowMs)
  return Number.isNaN(atMs) ? instead : atMs
}

function lifetimeOf(
  { headers, directives }: CachePolicy,
  { freshMs, isExplicit }: Freshness,
  isNoCache: boolean,
  { alsoStore, staleIfErrorMs }: StorabilityRules,
  nowMs: number,
): Lifetime {
  const isStrict =
    isNoCache || directives.has('must-revalidate') || directives.has('proxy-revalidate')
  const hasSharedAge = directives.has('s-maxage')
  const staleMs = (name: string, fallbackMs: number): number => {
    const seconds = secondsOf(directives, name)
    if (isStrict) return 0
    return seconds === undefined ? fallbackMs : seconds * 1000
  }
  const lifetime = {
    storedAtMs: nowMs,
    ageMs: initialAgeMs(headers, nowMs),
    freshMs,
    staleWhileRevalidateMs: staleMs('stale-while-revalidate', 0),
    // Section 5.2.2.10: s-maxage forbids stale use as well, unless the response allows it.
    staleIfErrorMs: staleMs('stale-if-error', hasSharedAge ? 0 : staleIfErrorMs),
    retryAtMs: 0,
    isStrict: isStrict || hasSharedAge,
    isForAuthorized:
      alsoStore.has('authorization') || ALLOWS_AUTHORIZED.some(name => directives.has(name)),
    isByDefault: !isExplicit,
  }
  // Many applications say `no-cache` or `max-age=0` where they mean that a page is for one user.
  return isNeverFresh(lifetime) && !directives.has('public')
    ? { ...lifetime, isByDefault: true }
    : lifetime
}

/**
 * Section 4.2.3, without the time that the application took: a page that took long to make is new.
 * Dates have no milliseconds, so a date of the second before may be that of a new page as well.
 */
function initialAgeMs({ age, date }: CachePolicy['headers'], nowMs: number): number {
  const statedMs = parseSeconds(age?.split(',', 1)[0]?.trim() ?? '0') * 1000
  return Math.max(statedMs, nowMs - parseDateOr(nowMs, date, nowMs) - 1000)
}

/**
 * A page that is stale from the start is stored for revalidation, which needs a validator, or for
 * clients that accept it stale.
 */
function isWorthStoring(
  status: number,
  { headers }: CachePolicy,
  { isExplicit, freshMs }: Freshness,
  lifetime: Lifetime,
): boolean {
  if (!isNeverFresh(lifetime)) return true
  const hasValidator = headers.etag !== undefined || headers['last-modified'] !== undefined
  return isExplicit && ((status === 200 && hasValidator) || (freshMs > 0 && !lifetime.isStrict))
}

/**
 * Section 5.2.2.4: fields that `no-cache` names are not reused. `all`: it applies to the whole
 * response, or to a field that the response cannot lack.
 */
function noCacheFields(directives: Directives): ReadonlySet<string> | 'all' {
  const value = directives.get('no-cache')
  if (value === undefined) return new Set()
  const names = value === true ? [] : namesIn(value)
  const isList = names.length > 0 && names.every(name => FIELD_NAME.test(name))
  return isList && !names.some(name => INDISPENSABLE.test(name)) ? new Set(names) : 'all'
}
