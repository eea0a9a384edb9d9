/**
 * Whether a response may be stored, and for how long: RFC 9111 sections 3 and 4.2.1, for a shared
 * cache.
 *
 * http-cache-semantics has the rules. This file adds those that the library expects from its
 * caller, and passes the header in the form that the library reads correctly. It is stricter than
 * the RFC: responses with Set-Cookie are not stored, nor those that each request would revalidate.
 */

import CachePolicy from 'http-cache-semantics'
import type { HeaderField } from '../http-message/index.ts'
import { formatHttpDate, parseHttpDate } from '../http-message/index.ts'
import type { RequestCredentials } from './cache-request.ts'
import {
  type Directives,
  formatDirectives,
  parseDirectives,
  parseSeconds,
  secondsOf,
} from './directives.ts'
import type { Lifetime } from './stored-response.ts'

/** What an `HttpCache` stores only if its `alsoStore` option lists it. */
export const REFUSED_BY_DEFAULT = ['set-cookie', 'private', 'no-store', 'authorization'] as const

export type RefusedByDefault = (typeof REFUSED_BY_DEFAULT)[number]

/** Why a response is not stored; Cache-Status has it as `detail`. */
export type Refusal = RefusedByDefault | 'vary' | 'status' | 'no-freshness' | 'cookie'

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
}

export type Storability = { readonly lifetime: Lifetime } | { readonly refusal: Refusal }

/** The default TTL applies to this status. Responses with others should often not last. */
const DEFAULT_TTL_STATUS = 200

/** With any of these, the default TTL does not apply. */
const FRESHNESS_DIRECTIVES = ['s-maxage', 'max-age', 'no-cache', 'must-revalidate']

const ALLOWS_AUTHORIZED = ['public', 's-maxage', 'must-revalidate'] // RFC 9111 section 3.5

export function evaluateStorability(
  head: ResponseHead,
  credentials: RequestCredentials,
  rules: StorabilityRules,
  nowMs: number,
): Storability {
  const headers = combine(head.fields)
  const said = parseDirectives(headers['cache-control'])
  const directives = withoutOverruled(said, rules.alsoStore)
  const early = refusalBefore(headers, directives, credentials, rules)
  if (early !== undefined) return { refusal: early }
  const isForAuthorized =
    rules.alsoStore.has('authorization') || ALLOWS_AUTHORIZED.some(name => said.has(name))
  const saysNothing = isSilent(headers, directives)
  const takesDefault = rules.defaultTtlMs > 0 && saysNothing && head.status === DEFAULT_TTL_STATUS
  if (takesDefault && credentials.hasCookie) return { refusal: 'cookie' }
  const policy = policyOf(head.status, headers, directives, nowMs)
  if (!policy.storable()) return { refusal: 'status' }
  const ageMs = parseSeconds(headers.age?.split(',', 1)[0]?.trim() ?? '0') * 1000
  const freshMs = takesDefault ? rules.defaultTtlMs : policy.maxAge() * 1000
  const isStrict = said.has('must-revalidate') || said.has('proxy-revalidate')
  const staleMs = (name: string) => (isStrict ? 0 : (secondsOf(said, name) ?? 0) * 1000)
  const staleWhileRevalidateMs = staleMs('stale-while-revalidate')
  if (freshMs + staleWhileRevalidateMs <= ageMs) return { refusal: 'no-freshness' }
  return {
    lifetime: {
      storedAtMs: nowMs,
      ageMs,
      freshMs,
      staleWhileRevalidateMs,
      staleIfErrorMs: staleMs('stale-if-error'),
      retryAtMs: 0,
      // Section 5.2.2.10: s-maxage forbids stale use as well, unless the response allows it.
      isStrict: isStrict || said.has('s-maxage'),
      isForAuthorized,
      isByDefault: takesDefault,
    },
  }
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

function withoutOverruled(
  said: Directives,
  alsoStore: ReadonlySet<RefusedByDefault>,
): Map<string, string | true> {
  const directives = new Map(said)
  // Section 5.2.2.8: it is only about stale use. The library reads it as "stale at once".
  directives.delete('proxy-revalidate')
  if (alsoStore.has('private')) directives.delete('private')
  if (alsoStore.has('no-store')) directives.delete('no-store')
  return directives
}

function refusalBefore(
  headers: Record<string, string>,
  directives: Directives,
  credentials: RequestCredentials,
  { alsoStore }: StorabilityRules,
): Refusal | undefined {
  if (headers['set-cookie'] !== undefined && !alsoStore.has('set-cookie')) return 'set-cookie'
  if (directives.has('no-store')) return 'no-store'
  if (directives.has('private')) return 'private'
  if (headers.vary?.includes('*') === true) return 'vary'
  if (!credentials.hasAuthorization || alsoStore.has('authorization')) return undefined
  return ALLOWS_AUTHORIZED.some(name => directives.has(name)) ? undefined : 'authorization'
}

function isSilent(headers: Record<string, string>, directives: Directives): boolean {
  if (headers.expires !== undefined) return false
  if (headers['cache-control'] === undefined && headers.pragma !== undefined) return false
  return !FRESHNESS_DIRECTIVES.some(name => directives.has(name))
}

function policyOf(
  status: number,
  headers: Record<string, string>,
  directives: Directives,
  nowMs: number,
): CachePolicy {
  const shown: Record<string, string> = { ...headers }
  shown.date = plainDate(headers.date, nowMs) ?? formatHttpDate(nowMs)
  delete shown['set-cookie'] // refusalBefore has decided about it
  if (shown.expires !== undefined) shown.expires = plainDate(shown.expires, nowMs) ?? '0'
  if (directives.size > 0) shown['cache-control'] = formatDirectives(directives)
  else delete shown['cache-control']
  const request = { method: 'GET', url: '/', headers: {} }
  const response = { status, headers: shown }
  // No heuristics: a page without a lifetime is not stored, or has the default TTL.
  const options = { shared: true, cacheHeuristic: 0, immutableMinTimeToLive: 0 }
  return new CachePolicy(request, response, options)
}

/** Returns the date in the form that every parser reads; undefined: it is not a date. */
function plainDate(text: string | undefined, nowMs: number): string | undefined {
  const atMs = parseHttpDate(text ?? '', nowMs)
  return Number.isNaN(atMs) ? undefined : formatHttpDate(atMs)
}
