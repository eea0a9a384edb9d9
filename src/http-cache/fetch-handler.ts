/**
 * A cache in front of a Fetch handler: `(request) => Response`.
 */

import {
  type Answer,
  BODY_FIELDS,
  BodyCopy,
  copyStream,
  copyWhole,
  type HeaderField,
  isDecoded,
  NULL_BODY_STATUSES,
} from '../http-message/index.ts'
import type { CacheFill } from './cache-fill.ts'
import { type CacheRequest, schemeOf } from './cache-request.ts'
import type { CacheStatus } from './cache-status.ts'
import type { HeadDecision } from './fill-order.ts'
import type { HttpCacheContext } from './http-cache-context.ts'
import type { Plan, Planner } from './planner.ts'
import { PURGE_METHOD } from './purge-requests.ts'

/** Answers a request. The arguments after it depend on the platform. */
export type FetchHandler<Rest extends readonly unknown[] = []> = (
  request: Request,
  ...rest: Rest
) => Response | Promise<Response>

const GATEWAY_TIMEOUT = 504

export function cachedHandler<Rest extends readonly unknown[]>(
  planner: Planner,
  app: FetchHandler<Rest>,
): (request: Request, ...rest: Rest) => Promise<Response> {
  return async (request, ...rest) => {
    const exchange = new Exchange(planner, request, own => app(own, ...rest))
    return exchange.answer()
  }
}

/** What the head of the application's response lacks for the client. */
interface Completion {
  readonly status: CacheStatus
  readonly variesByCoding?: boolean
}

/** One request and its response. */
class Exchange {
  readonly #planner: Planner
  readonly #context: HttpCacheContext
  readonly #request: Request
  readonly #asked: CacheRequest
  readonly #app: FetchHandler

  constructor(planner: Planner, request: Request, app: FetchHandler) {
    this.#planner = planner
    this.#context = planner.context
    this.#request = request
    this.#asked = cacheRequest(request)
    this.#app = app
  }

  async answer(): Promise<Response> {
    const { purgeRequests } = this.#context
    if (this.#asked.method === PURGE_METHOD && purgeRequests !== undefined) {
      return toResponse(await purgeRequests.answer(this.#asked, undefined), [])
    }
    const plan: Plan = await this.#planner.plan({
      request: this.#asked,
      isPlain: this.#request.body === null,
      canRefreshLater: true,
    })
    switch (plan.kind) {
      case 'answer':
        if (plan.refresh !== undefined) void this.#refresh(plan.refresh)
        return toResponse(plan.answer, [])
      case 'fill':
        return this.#fill(plan.fill)
      case 'pass': {
        const response = await this.#app(this.#request)
        if (plan.isUnsafe) await this.#invalidateAfter(response)
        return this.#complete(response, plan)
      }
      case 'unavailable':
        return this.#complete(new Response(null, { status: GATEWAY_TIMEOUT }), plan)
    }
  }

  async #fill(fill: CacheFill): Promise<Response> {
    let response: Response
    try {
      response = await this.#app(upstreamRequest(this.#request, fill, {}))
    } catch (error) {
      const instead = fill.onError()
      if (instead !== undefined) return toResponse(instead, [])
      await fill.fail()
      throw error
    }
    const decision = decide(fill, response)
    if (decision.kind === 'pass') return this.#complete(response, decision)
    if (decision.kind === 'replace') {
      await response.body?.cancel()
      return toResponse(decision.answer, response.headers.getSetCookie())
    }
    const copy = new BodyCopy(fill, this.#context.budget)
    const check = (body: Buffer) => isDecoded(response, body)
    if (decision.isNotModified) {
      this.#runInBackground(copyWhole(response.body, copy, check))
      return this.#complete(notModified(response), decision)
    }
    if (response.body !== null) {
      return this.#complete(response, decision, copyStream(response.body, copy, check))
    }
    await copy.finish()
    return this.#complete(response, decision)
  }

  /** Asks the application after the client was answered. */
  #refresh(fill: CacheFill): void {
    // Not the client's signal, which ends when the client disconnects: that is soon.
    const abandoned = new AbortController()
    const { signal } = abandoned
    const copy = new BodyCopy(fill, this.#context.budget)
    this.#context.trackRevalidation(fill, () => {
      abandoned.abort()
      void copy.fail()
    })
    const work = async (): Promise<void> => {
      try {
        const response = await this.#app(upstreamRequest(this.#request, fill, { signal }))
        if (decide(fill, response).kind !== 'store') return await response.body?.cancel()
        await copyWhole(response.body, copy, body => isDecoded(response, body))
      } catch (error) {
        if (signal.aborted) return
        if (fill.onError() === undefined) void fill.fail()
        await fill.over
        throw error
      }
    }
    this.#runInBackground(work())
  }

  #runInBackground(work: Promise<void>): void {
    work.catch(error => this.#context.options.onError(error))
  }

  async #invalidateAfter({ status, headers }: Response): Promise<void> {
    const header = (name: string) => headers.get(name) ?? undefined
    await this.#context.invalidateAfter(this.#asked, { status, header })
  }

  /**
   * Completes the application's response for the client. Makes another response, because the
   * application's may be shared or immutable.
   */
  #complete(
    response: Response,
    { status, variesByCoding = false }: Completion,
    body: ReadableStream<Uint8Array> | null = response.body,
  ): Response {
    const before = response.headers.get('cache-status') ?? undefined
    const text = this.#context.statusText(this.#asked, status, before)
    const hidden = this.#context.options.hiddenFields.filter(name => response.headers.has(name))
    const isPlain = response.status >= 200 // code cannot make an error or an upgrade
    const isSame = text === undefined && hidden.length === 0 && body === response.body
    if (!isPlain || (isSame && !variesByCoding)) return response
    const headers = new Headers(response.headers)
    for (const name of hidden) headers.delete(name)
    if (variesByCoding) headers.append('vary', 'accept-encoding')
    if (text !== undefined) headers.set('cache-status', text)
    const { status: code, statusText } = response
    return new Response(body, { status: code, statusText, headers })
  }
}

function cacheRequest({ method, url, headers }: Request): CacheRequest {
  const header = (name: string) => headers.get(name) ?? undefined
  const [place = ''] = url.split('#', 1)
  const [own = ''] = place.split(':', 1)
  const scheme = schemeOf(header('x-forwarded-proto'), own === 'https')
  return { method, url: scheme + place.slice(own.length), header }
}

function decide(fill: CacheFill, { status, statusText, headers }: Response): HeadDecision {
  return fill.onHead({ status, reason: statusText, fields: [...headers] })
}

/** Returns the request with the cache's conditions, which are about the stored page. */
function upstreamRequest(
  request: Request,
  { conditions, withheldFields }: CacheFill,
  init: RequestInit,
): Request {
  const isPlain = !withheldFields.some(name => request.headers.has(name))
  if (isPlain && conditions.length === 0 && init.signal === undefined) return request
  const headers = new Headers(request.headers)
  for (const name of withheldFields) headers.delete(name)
  for (const [name, value] of conditions) headers.set(name, value)
  return new Request(request, { ...init, headers })
}

function toResponse({ status, reason, fields, body }: Answer, cookies: string[]): Response {
  const pairs: HeaderField[] = []
  for (let index = 0; index + 1 < fields.length; index += 2) {
    pairs.push([fields[index], fields[index + 1]])
  }
  for (const cookie of cookies) pairs.push(['set-cookie', cookie])
  const sent = body === undefined || NULL_BODY_STATUSES.has(status) ? null : new Uint8Array(body)
  return new Response(sent, { status, statusText: reason, headers: pairs })
}

function notModified(response: Response): Response {
  const headers = new Headers(response.headers)
  for (const name of BODY_FIELDS) headers.delete(name)
  return new Response(null, { status: 304, headers })
}
