/**
 * Whether a stored response may answer a request now, RFC 9111 sections 4.2 and 5.2.1, RFC 5861.
 *
 * Pure arithmetic on what storing.ts found out once, because this is done for every hit.
 */

import { type Directives, secondsOf } from './directives.ts'

/** What a stored response says about time and reuse. */
export interface Lifetime {
  readonly storedAtMs: number
  /** Its age when it was stored. */
  readonly ageMs: number
  /** How old it may become and be fresh. */
  readonly freshMs: number
  /** How much longer it may be used while it is being refreshed. */
  readonly staleWhileRevalidateMs: number
  /** How much longer it may be used when refreshing it fails. */
  readonly staleIfErrorMs: number
  /** Refreshing failed: use it as it is until then. 0: it did not. */
  readonly retryAtMs: number
  /** Never to be used stale, whatever a client allows: must-revalidate and the like. */
  readonly isStrict: boolean
  /** It says that it may answer requests with Authorization, section 3.5. */
  readonly isForAuthorized: boolean
  /** It said nothing about freshness, and got the TTL for such. */
  readonly isByDefault: boolean
}

/** `demanded`: the client wants a newer one. */
export type Verdict = 'usable' | 'usable-while-refreshed' | 'stale' | 'demanded'

export function judge(lifetime: Lifetime, wanted: Directives, nowMs: number): Verdict {
  const ageMs = currentAgeMs(lifetime, nowMs)
  const leftMs = lifetime.freshMs - ageMs
  if (wanted.size > 0 && demandsNewer(wanted, ageMs, leftMs)) return 'demanded'
  if (leftMs > 0 || nowMs < lifetime.retryAtMs) return 'usable'
  if (leftMs + lifetime.staleWhileRevalidateMs > 0) return 'usable-while-refreshed'
  return !lifetime.isStrict && acceptsStale(wanted, -leftMs) ? 'usable' : 'stale'
}

/** RFC 9111 section 4.2.3. A clock that was set back makes nothing younger than it was. */
export function currentAgeMs(lifetime: Lifetime, nowMs: number): number {
  return lifetime.ageMs + Math.max(0, nowMs - lifetime.storedAtMs)
}

/** RFC 5861 section 4. */
export function isUsableOnError(lifetime: Lifetime, nowMs: number): boolean {
  return currentAgeMs(lifetime, nowMs) < lifetime.freshMs + lifetime.staleIfErrorMs
}

function demandsNewer(wanted: Directives, ageMs: number, leftMs: number): boolean {
  if (wanted.has('no-cache')) return true
  const maxAge = secondsOf(wanted, 'max-age')
  if (maxAge !== undefined && ageMs > maxAge * 1000) return true
  const minFresh = secondsOf(wanted, 'min-fresh')
  return minFresh !== undefined && leftMs < minFresh * 1000
}

function acceptsStale(wanted: Directives, staleMs: number): boolean {
  const maxStale = wanted.get('max-stale')
  return maxStale === true || staleMs < (secondsOf(wanted, 'max-stale') ?? -1) * 1000
}
