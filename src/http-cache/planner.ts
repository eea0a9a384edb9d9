/**
 * What to do with a request: answer it, pass it on, or ask the application for everybody.
 *
 * RFC 9111 section 4, up to the point where the application is asked; leading.ts has the rest.
 */

import type { Awaitable } from '../base/index.ts'
import type { SingleFlight } from '../single-flight/index.ts'
import { type CacheRequest, directivesOf } from './cache-request.ts'
import { type CacheStatus, type ForwardReason, HIT } from './cache-status.ts'
import type { Directives } from './directives.ts'
import { judge, type Lifetime } from './freshness.ts'
import { Leading, type Query, type ReadyPage, type Site } from './leading.ts'
import type { Found } from './page-store.ts'

export type Plan =
  /** `refresh`: ask the application as well, without keeping the client. */
  | {
      readonly kind: 'answer'
      readonly ready: ReadyPage
      readonly status: CacheStatus
      readonly refresh?: Leading
    }
  | { readonly kind: 'pass'; readonly status: CacheStatus; readonly isUnsafe: boolean }
  | { readonly kind: 'lead'; readonly leading: Leading }
  /** The client wanted a stored response or none, RFC 9111 section 5.2.1.7. */
  | { readonly kind: 'unavailable'; readonly status: CacheStatus }

/** A server's request, as far as its kind of server matters. */
export interface ServerRequest {
  readonly request: CacheRequest
  /** No: it has a body, or a target in another form; what it means only the application knows. */
  readonly isPlain: boolean
  /** Whether the application can be asked after the client was answered. */
  readonly refreshesBehind: boolean
}

type FoundPass = Found & { readonly kind: 'pass' }

interface PlannedQuery extends Query {
  readonly wanted: Directives
  readonly refreshesBehind: boolean
}

/** RFC 9110 section 9.2.1. */
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

/** A page that turns out to differ by request fields is looked for in its other place. */
const MAX_ROUNDS = 3

export class Planner {
  readonly #site: Site
  readonly #flight: SingleFlight

  constructor(site: Site, flight: SingleFlight) {
    this.#site = site
    this.#flight = flight
  }

  /** At once for a hit in a local cache. Never fails: a cache that does is not asked. */
  plan({ request, isPlain, refreshesBehind }: ServerRequest): Awaitable<Plan> {
    const { method, header } = request
    if (method !== 'GET' && method !== 'HEAD') {
      const isUnsafe = !SAFE_METHODS.has(method)
      return { kind: 'pass', status: { forward: 'method' }, isUnsafe }
    }
    // Only the application can evaluate these, RFC 9111 section 4.3.2.
    const isAboutChange =
      header('if-match') !== undefined || header('if-unmodified-since') !== undefined
    if (!isPlain || isAboutChange) return pass('bypass')
    try {
      const key = this.#site.options.key(request)
      if (key === undefined) return pass('bypass')
      const baseKey = this.#site.store.baseKey(key)
      const wanted = directivesOf(request)
      const query = { request, baseKey, wanted, refreshesBehind }
      const found = this.#site.store.find(baseKey, request)
      const plan =
        found instanceof Promise
          ? found.then(arrived => this.#decide(query, arrived))
          : this.#decide(query, found)
      return plan instanceof Promise ? plan.catch(error => this.#failed(error)) : plan
    } catch (error) {
      return this.#failed(error)
    }
  }

  #decide(query: PlannedQuery, found: Found): Awaitable<Plan> {
    const { wanted } = query
    if (found.kind === 'page') {
      if (!this.#isFor(query, found.page.lifetime)) return pass('bypass', 'credentials')
      const verdict = judge(found.page.lifetime, wanted, this.#nowMs())
      if (verdict === 'usable') return { kind: 'answer', ready: found, status: HIT }
      if (verdict === 'usable-while-refreshed') return this.#answerAndRefresh(query, found)
      if (wanted.has('only-if-cached')) return unavailable()
      const forward = verdict === 'demanded' ? 'request' : 'stale'
      return this.#forward(query, found, forward)
    }
    if (wanted.has('only-if-cached')) return unavailable()
    const forward = found.vary === undefined ? 'uri-miss' : 'vary-miss'
    if (this.#passes(query, found)) return pass(forward, found.pass.detail)
    return this.#forward(query, found, forward)
  }

  /** Only a whole GET can fill the cache. */
  #forward(query: PlannedQuery, found: Found, forward: ForwardReason): Awaitable<Plan> {
    const { request, wanted } = query
    if (request.method === 'HEAD' || request.header('range') !== undefined) return pass(forward)
    if (wanted.has('no-store')) return pass(forward, 'no-store')
    if (forward === 'request') return this.#attempt(query, found, forward)
    return this.#takeTurn(query, found, forward)
  }

  /** Stale while it is refreshed, RFC 5861 section 3: one asks, all others are answered at once. */
  async #answerAndRefresh(query: PlannedQuery, found: Found & ReadyPage): Promise<Plan> {
    const answer = { kind: 'answer', ready: found, status: HIT } as const
    const isWhole = query.request.method === 'GET' && query.request.header('range') === undefined
    if (!isWhole || query.wanted.has('no-store')) return answer
    const lease = await this.#flight.attempt(found.itemKey)
    if (lease === undefined) return answer
    const leading = new Leading(this.#site, query, found, lease, 'stale')
    return query.refreshesBehind ? { ...answer, refresh: leading } : { kind: 'lead', leading }
  }

  /** Whoever demands a newer page does not wait for others who began to ask before. */
  async #attempt(query: PlannedQuery, found: Found, forward: ForwardReason): Promise<Plan> {
    const lease = await this.#flight.attempt(found.itemKey)
    if (lease === undefined) return pass(forward)
    return { kind: 'lead', leading: new Leading(this.#site, query, found, lease, forward) }
  }

  async #takeTurn(query: PlannedQuery, first: Found, forward: ForwardReason): Promise<Plan> {
    let place = first
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const { itemKey } = place
      const turn = await this.#flight.enter(
        itemKey,
        () => this.#findNews(query, itemKey),
        this.#site.options.waitMs,
      )
      if (turn.kind === 'alone') return pass(forward, 'no-turn')
      if (turn.kind === 'lead') {
        const leading = new Leading(this.#site, query, place, turn.lease, forward)
        return { kind: 'lead', leading }
      }
      const { found, waited } = turn
      if (this.#passes(query, found)) return pass(forward, found.pass.detail)
      if (found.kind === 'page') return this.#answerLate(query, found, waited ? forward : undefined)
      place = found
    }
    return pass(forward, 'no-turn')
  }

  /** With what another request brought. `forward`: why this one would have asked, too. */
  #answerLate(
    query: PlannedQuery,
    found: Found & ReadyPage,
    forward: ForwardReason | undefined,
  ): Awaitable<Plan> {
    if (!this.#isFor(query, found.page.lifetime)) return pass('bypass', 'credentials')
    if (judge(found.page.lifetime, query.wanted, this.#nowMs()) === 'demanded') {
      return this.#attempt(query, found, 'request')
    }
    const status = forward === undefined ? HIT : { forward, isCollapsed: true }
    return { kind: 'answer', ready: found, status }
  }

  /** What ends the wait: something to go by, or another place to look at. */
  async #findNews(query: PlannedQuery, itemKey: string): Promise<Found | undefined> {
    const found = await this.#site.store.find(query.baseKey, query.request)
    if (found.itemKey !== itemKey || this.#passes(query, found)) return found
    if (found.kind !== 'page') return undefined
    const isStale = judge(found.page.lifetime, query.wanted, this.#nowMs()) === 'stale'
    return isStale ? undefined : found
  }

  /** RFC 9111 section 3.5; and a page stored by default may be what only the anonymous get. */
  #isFor({ request: { header } }: Query, { isForAuthorized, isByDefault }: Lifetime): boolean {
    if (!isForAuthorized && header('authorization') !== undefined) return false
    return !isByDefault || header('cookie') === undefined
  }

  #passes({ request: { header } }: Query, found: Found): found is FoundPass {
    if (found.kind !== 'pass' || found.pass.untilMs <= this.#nowMs()) return false
    const isForAll = !found.pass.isForCredentials
    return isForAll || header('authorization') !== undefined || header('cookie') !== undefined
  }

  #failed(error: unknown): Plan {
    this.#site.options.onError(error)
    return pass('bypass', 'cache-error')
  }

  #nowMs(): number {
    return this.#site.options.clock.nowMs()
  }
}

function pass(forward: ForwardReason, detail?: string): Plan {
  const status = detail === undefined ? { forward } : { forward, detail }
  return { kind: 'pass', status, isUnsafe: false }
}

function unavailable(): Plan {
  return { kind: 'unavailable', status: { forward: 'request', detail: 'only-if-cached' } }
}
