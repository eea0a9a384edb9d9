/**
 * What to do with a request: answer it, pass it on, or ask the application for all who wait.
 *
 * RFC 9111 section 4, up to the point where the application is asked; cache-fill.ts has the rest.
 */

import type { Awaitable } from '../base/index.ts'
import type { Answer } from '../http-message/index.ts'
import { CacheFill } from './cache-fill.ts'
import { type CacheRequest, directivesOf } from './cache-request.ts'
import { type CacheStatus, type ForwardReason, HIT } from './cache-status.ts'
import { type Directives, NO_DIRECTIVES } from './directives.ts'
import { CLIENT_CONDITIONS, type Query } from './fill-order.ts'
import type { HttpCacheContext } from './http-cache-context.ts'
import type { Found, ReadyPage } from './page-store.ts'
import { isNeverFresh, judge, type Lifetime } from './stored-response.ts'

export type Plan =
  /** `refresh`: ask the application as well, after the client was answered. */
  | { readonly kind: 'answer'; readonly answer: Answer; readonly refresh?: CacheFill }
  | { readonly kind: 'pass'; readonly status: CacheStatus; readonly isUnsafe: boolean }
  | { readonly kind: 'fill'; readonly fill: CacheFill }
  /** RFC 9111 section 5.2.1.7: the client wants a stored response, and there is none. */
  | { readonly kind: 'unavailable'; readonly status: CacheStatus }

/** A request, and what the planner needs to know about its server. */
export interface ServerRequest {
  readonly request: CacheRequest
  /** False: only the application knows what it means, because of its body or of its target. */
  readonly isPlain: boolean
  /** The server can ask the application after the client was answered. */
  readonly canRefreshLater: boolean
}

type FoundPage = Found & { readonly kind: 'page' }
type FoundPass = Found & { readonly kind: 'pass' }

interface PlannedQuery extends Query {
  readonly wanted: Directives
  readonly canRefreshLater: boolean
}

/** RFC 9110 section 9.2.1. */
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

/** A page may turn out to differ by request fields, and is then looked up in another place. */
const MAX_ROUNDS = 3

export class Planner {
  readonly context: HttpCacheContext

  constructor(context: HttpCacheContext) {
    this.context = context
  }

  /**
   * Decides at once for a hit in a local cache. Never fails: if the cache fails, the application
   * gets the request.
   */
  plan({ request, isPlain, canRefreshLater }: ServerRequest): Awaitable<Plan> {
    const { method, header } = request
    if (method !== 'GET' && method !== 'HEAD') {
      const isUnsafe = !SAFE_METHODS.has(method)
      return { kind: 'pass', status: { forward: 'method' }, isUnsafe }
    }
    // RFC 9111 section 4.3.2: only the application can evaluate these.
    const isAboutChange =
      header('if-match') !== undefined || header('if-unmodified-since') !== undefined
    if (!isPlain) return pass('bypass', 'request-form')
    if (isAboutChange) return pass('bypass', 'precondition')
    try {
      const { options, store } = this.context
      const key = options.key(request)
      if (key === undefined) return pass('bypass', 'no-key')
      const baseKey = store.baseKey(key)
      const wanted = options.ignoreClientCacheControl ? NO_DIRECTIVES : directivesOf(request)
      const query = { request, baseKey, wanted, canRefreshLater, madeAt: store.generation }
      const found = store.find(baseKey, request)
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
      if (verdict === 'usable') return this.#answer(query, found, HIT)
      if (verdict === 'usable-while-refreshed') return this.#answerAndRefresh(query, found)
      if (wanted.has('only-if-cached')) return unavailable()
      const forward = verdict === 'demanded' ? 'request' : 'stale'
      return this.#forward(query, found, forward)
    }
    if (wanted.has('only-if-cached')) return unavailable()
    const forward = found.vary === undefined ? 'uri-miss' : 'vary-miss'
    if (this.#passes(query, found)) return this.#fillOrPass(query, found, forward)
    return this.#forward(query, found, forward)
  }

  /**
   * No request waits where a marker stands. One at a time may still fill the cache, so that the
   * next good answer replaces the marker. Requests with credentials may not: their answers are the
   * ones that the marker is about, and clients without would wait for them. Nor may requests with
   * conditions: only the application can answer those with 304 here.
   */
  #fillOrPass(query: PlannedQuery, found: FoundPass, forward: ForwardReason): Awaitable<Plan> {
    const { detail, isForCredentials } = found.pass
    const { request, wanted } = query
    const mayFill =
      isWholeGet(request) &&
      !wanted.has('no-store') &&
      !isForCredentials &&
      !CLIENT_CONDITIONS.some(name => request.header(name) !== undefined)
    return mayFill ? this.#attempt(query, found, forward, detail) : pass(forward, detail)
  }

  #answer({ request }: Query, found: FoundPage, status: CacheStatus): Awaitable<AnswerPlan> {
    const { codedCopies } = this.context
    const answer = ({ page, body }: ReadyPage): AnswerPlan => {
      return { kind: 'answer', answer: page.answer(request, body, status, this.#nowMs()) }
    }
    if (codedCopies === undefined) return answer(found)
    const selected = codedCopies.select(found, request)
    return selected instanceof Promise ? selected.then(answer) : answer(selected)
  }

  /** Only a whole GET can fill the cache. */
  #forward(query: PlannedQuery, found: Found, forward: ForwardReason): Awaitable<Plan> {
    const { request, wanted } = query
    if (request.method === 'HEAD') return pass(forward)
    if (wanted.has('no-store')) return pass(forward, 'no-store')
    if (request.header('range') !== undefined) return this.#waitForWhole(query, found, forward)
    const isForItself =
      forward === 'request' || (found.kind === 'page' && isNeverFresh(found.page.lifetime))
    return isForItself
      ? this.#attempt(query, found, forward)
      : this.#acquireOrWait(query, found, forward)
  }

  /** A part does not fill the cache. If another request is filling it, the page has the part. */
  async #waitForWhole(query: PlannedQuery, found: Found, forward: ForwardReason): Promise<Plan> {
    const isFilling =
      forward !== 'request' && (await this.context.singleFlight.isLeased(found.itemKey))
    const plan = isFilling ? await this.#acquireOrWait(query, found, forward) : pass(forward)
    if (plan.kind !== 'fill') return plan
    await plan.fill.fail() // the other request stored nothing, and this one cannot
    return pass(forward)
  }

  /**
   * RFC 5861 section 3, stale-while-revalidate: one request asks the application, and all others
   * are answered at once.
   */
  async #answerAndRefresh(query: PlannedQuery, found: FoundPage): Promise<Plan> {
    const mayFill = isWholeGet(query.request) && !query.wanted.has('no-store')
    const lease = mayFill ? await this.context.singleFlight.tryAcquire(found.itemKey) : undefined
    if (lease === undefined) return this.#answer(query, found, HIT)
    const fill = new CacheFill(this.context, query, { place: found, lease, forward: 'stale' })
    const isLater = query.canRefreshLater && this.context.canRevalidateInBackground
    if (!isLater) return { kind: 'fill', fill }
    return { ...(await this.#answer(query, found, HIT)), refresh: fill }
  }

  /**
   * Fills the cache, or passes the request on if another one does. A client that demands a newer
   * page does not wait for requests that began before it. No request waits for a page that is never
   * fresh, because it could not use what another one stores.
   */
  async #attempt(
    query: PlannedQuery,
    place: Found,
    forward: ForwardReason,
    detail?: string,
  ): Promise<Plan> {
    const lease = await this.context.singleFlight.tryAcquire(place.itemKey)
    if (lease === undefined) return pass(forward, detail)
    return { kind: 'fill', fill: new CacheFill(this.context, query, { place, lease, forward }) }
  }

  async #acquireOrWait(query: PlannedQuery, first: Found, forward: ForwardReason): Promise<Plan> {
    let place = first
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const { itemKey } = place
      const acquisition = await this.context.singleFlight.acquireOrWait(
        itemKey,
        () => this.#findNews(query, itemKey),
        this.context.options.waitMs,
      )
      if (acquisition.kind === 'alone') return pass(forward, 'no-turn')
      if (acquisition.kind === 'leader') {
        const { lease } = acquisition
        return { kind: 'fill', fill: new CacheFill(this.context, query, { place, lease, forward }) }
      }
      const { found, waited } = acquisition
      if (this.#passes(query, found)) return pass(forward, found.pass.detail)
      if (found.kind === 'page') return this.#answerLate(query, found, waited ? forward : undefined)
      place = found
    }
    return pass(forward, 'no-turn')
  }

  /**
   * Answers with a page that another request stored meanwhile.
   *
   * @param forward - why this request would have asked as well
   */
  #answerLate(
    query: PlannedQuery,
    found: FoundPage,
    forward: ForwardReason | undefined,
  ): Awaitable<Plan> {
    if (!this.#isFor(query, found.page.lifetime)) return pass('bypass', 'credentials')
    const verdict = judge(found.page.lifetime, query.wanted, this.#nowMs())
    if (verdict === 'demanded') return this.#forward(query, found, 'request')
    if (verdict === 'stale') return this.#forward(query, found, 'stale')
    const status = forward === undefined ? HIT : { forward, isCollapsed: true }
    return this.#answer(query, found, status)
  }

  /** @returns what ends the wait: a usable page, a marker, or another place to look up */
  async #findNews(query: PlannedQuery, itemKey: string): Promise<Found | undefined> {
    const found = await this.context.store.find(query.baseKey, query.request)
    if (found.itemKey !== itemKey || this.#passes(query, found)) return found
    if (found.kind !== 'page') return undefined
    const isStale = judge(found.page.lifetime, query.wanted, this.#nowMs()) === 'stale'
    return isStale && !isNeverFresh(found.page.lifetime) ? undefined : found
  }

  /**
   * RFC 9111 section 3.5. A page with the default TTL may also be one that only clients without
   * cookies get.
   */
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
    this.context.options.onError(error)
    return pass('bypass', 'cache-error')
  }

  #nowMs(): number {
    return this.context.options.clock.nowMs()
  }
}

type AnswerPlan = Plan & { readonly kind: 'answer' }

function isWholeGet({ method, header }: CacheRequest): boolean {
  return method === 'GET' && header('range') === undefined
}

function pass(forward: ForwardReason, detail?: string): Plan {
  const status = detail === undefined ? { forward } : { forward, detail }
  return { kind: 'pass', status, isUnsafe: false }
}

function unavailable(): Plan {
  return { kind: 'unavailable', status: { forward: 'request', detail: 'only-if-cached' } }
}
