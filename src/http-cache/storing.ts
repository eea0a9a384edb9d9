/**
 * Whether a response may be stored, and for how long: RFC 9111 sections 3 and 4.2.1, for a cache
 * that is shared.
 *
 * http-cache-semantics knows the rules; this adds what it leaves to its caller, and gives it the
 * header as it reads it best. Stricter than the RFC: nothing with Set-Cookie, and nothing that
 * would have to be asked for again each time.
 */

import CachePolicy from 'http-cache-semantics'
import type { HeaderField } from '../http-message/index.ts'
import { formatHttpDate, parseHttpDate } from '../http-message/index.ts'
import {
  type Directives,
  formatDirectives,
  parseDirectives,
  parseSeconds,
  secondsOf,
} from './directives.ts'
import type { Lifetime } from './freshness.ts'

/** What an {@link HttpCache} stores only when it is told to. */
export const REFUSED_UNLESS_TOLD = ['set-cookie', 'private', 'no-store', 'authorization'] as const

export type RefusedUnlessTold = (typeof REFUSED_UNLESS_TOLD)[number]

/** Why a response is not stored; Cache-Status tells it as `detail`. */
export type Refusal = RefusedUnlessTold | 'vary' | 'status' | 'no-freshness' | 'cookie'

/** A response before its body. */
export interface ResponseHead {
  readonly status: number
  readonly reason: string
  /** Names in lower case. */
  readonly fields: readonly HeaderField[]
}

export interface StoringRules {
  readonly alsoStore: ReadonlySet<RefusedUnlessTold>
  /** How long a page stays fresh that says nothing about it; 0: not at all. */
  readonly defaultTtlMs: number
}

/** What of the request matters here. */
export interface Asker {
  readonly hasAuthorization: boolean
  readonly hasCookie: boolean
}

export type Assessment = { readonly lifetime: Lifetime } | { readonly refusal: Refusal }

/** Statuses that the default TTL is for: others are too often what should not last. */
const DEFAULT_TTL_STATUS = 200

/** Any of these, and the default TTL is not asked. */
const FRESHNESS_DIRECTIVES = ['s-maxage', 'max-age', 'no-cache', 'must-revalidate']

const ALLOWS_AUTHORIZED = ['public', 's-maxage', 'must-revalidate'] // RFC 9111 section 3.5

export function assess(
  head: ResponseHead,
  asker: Asker,
  rules: StoringRules,
  nowMs: number,
): Assessment {
  const headers = combine(head.fields)
  const said = parseDirectives(headers['cache-control'])
  const directives = withoutOverruled(said, rules.alsoStore)
  const early = refusalBefore(headers, directives, asker, rules)
  if (early !== undefined) return { refusal: early }
  const isForAuthorized =
    rules.alsoStore.has('authorization') || ALLOWS_AUTHORIZED.some(name => said.has(name))
  const saysNothing = isSilent(headers, directives)
  const takesDefault = rules.defaultTtlMs > 0 && saysNothing && head.status === DEFAULT_TTL_STATUS
  if (takesDefault && asker.hasCookie) return { refusal: 'cookie' }
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
      // Section 5.2.2.10: s-maxage forbids stale use, too, but for what the response itself allows.
      isStrict: isStrict || said.has('s-maxage'),
      isForAuthorized,
      isByDefault: takesDefault,
    },
  }
}

/** Several fields of a name are one list, RFC 9110 section 5.3. */
export function combine(fields: readonly HeaderField[]): Record<string, string> {
  const combined: Record<string, string> = Object.create(null)
  for (const [name, value] of fields) {
    const before = combined[name]
    combined[name] = before === undefined ? value : `${before}, ${value}`
  }
  return combined
}

/** The names of a list such as Vary, in lower case. */
export function namesIn(list: string | undefined): string[] {
  const names = (list ?? '').split(',').map(name => name.trim().toLowerCase())
  return names.filter(name => name !== '')
}

function withoutOverruled(
  said: Directives,
  alsoStore: ReadonlySet<RefusedUnlessTold>,
): Map<string, string | true> {
  const directives = new Map(said)
  // The library takes it for "stale at once"; it is about stale use only, section 5.2.2.8.
  directives.delete('proxy-revalidate')
  if (alsoStore.has('private')) directives.delete('private')
  if (alsoStore.has('no-store')) directives.delete('no-store')
  return directives
}

function refusalBefore(
  headers: Record<string, string>,
  directives: Directives,
  asker: Asker,
  { alsoStore }: StoringRules,
): Refusal | undefined {
  if (headers['set-cookie'] !== undefined && !alsoStore.has('set-cookie')) return 'set-cookie'
  if (directives.has('no-store')) return 'no-store'
  if (directives.has('private')) return 'private'
  if (headers.vary?.includes('*') === true) return 'vary'
  if (!asker.hasAuthorization || alsoStore.has('authorization')) return undefined
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
  delete shown['set-cookie'] // settled: see refusalBefore
  if (shown.expires !== undefined) shown.expires = plainDate(shown.expires, nowMs) ?? '0'
  if (directives.size > 0) shown['cache-control'] = formatDirectives(directives)
  else delete shown['cache-control']
  const request = { method: 'GET', url: '/', headers: {} }
  const response = { status, headers: shown }
  // No guessing: a page without a lifetime has none, or the one that the owner set.
  const options = { shared: true, cacheHeuristic: 0, immutableMinTimeToLive: 0 }
  return new CachePolicy(request, response, options)
}

/** In the one form that nobody misreads; undefined: it is no date. */
function plainDate(text: string | undefined, nowMs: number): string | undefined {
  const atMs = parseHttpDate(text ?? '', nowMs)
  return Number.isNaN(atMs) ? undefined : formatHttpDate(atMs)
}
