/**
 * A cache in front of a Fetch handler: `(request) => Response`.
 */

import { BODY_FIELDS, type HeaderField, isDecoded } from '../http-message/index.ts'
import { BodyCopy } from './body-copy.ts'
import { type CacheRequest, schemeOf } from './cache-request.ts'
import type { CacheStatus } from './cache-status.ts'
import { copyStream, copyWhole } from './copied-stream.ts'
import type { Front } from './front.ts'
import { invalidateAfter } from './invalidate.ts'
import { CLIENT_CONDITIONS, type HeadDecision, type Leading } from './leading.ts'
import type { Plan } from './planner.ts'
import type { Answer } from './prepared-page.ts'

/** Answers a request; what comes after it is the platform's business. */
export type FetchHandler<Rest extends readonly unknown[] = []> = (
  request: Request,
  ...rest: Rest
) => Response | Promise<Response>

/** Fetch Standard, "null body status": a `Response` with one of these has no body. */
const NULL_BODY_STATUSES = new Set([204, 205, 304])

const GATEWAY_TIMEOUT = 504

export function cachedHandler<Rest extends readonly unknown[]>(
  front: Front,
  app: FetchHandler<Rest>,
): (request: Request, ...rest: Rest) => Promise<Response> {
  return async (request, ...rest) => {
    const exchange = new Exchange(front, request, own => app(own, ...rest))
    return exchange.answer()
  }
}

/** One request and what becomes of it. */
class Exchange {
  readonly #front: Front
  readonly #request: Request
  readonly #asked: CacheRequest
  readonly #app: FetchHandler

  constructor(front: Front, request: Request, app: FetchHandler) {
    this.#front = front
    this.#request = request
    this.#asked = cacheRequest(request)
    this.#app = app
  }

  async answer(): Promise<Response> {
    const plan: Plan = await this.#front.planner.plan({
      request: this.#asked,
      isPlain: this.#request.body === null,
      refreshesBehind: this.#front.mayAskBehind,
    })
    switch (plan.kind) {
      case 'answer':
        if (plan.refresh !== undefined) void this.#refresh(plan.refresh)
        return toResponse(this.#front.answer(this.#asked, plan.ready, plan.status), [])
      case 'lead':
        return this.#lead(plan.leading)
      case 'pass': {
        const response = await this.#app(this.#request)
        if (plan.isUnsafe) await this.#forgetAfter(response)
        return this.#withStatus(response, plan.status)
      }
      case 'unavailable':
        return this.#withStatus(new Response(null, { status: GATEWAY_TIMEOUT }), plan.status)
    }
  }

  async #lead(leading: Leading): Promise<Response> {
    let response: Response
    try {
      response = await this.#app(upstreamRequest(this.#request, leading, {}))
    } catch (error) {
      const instead = leading.onError()
      if (instead?.kind === 'replace') return this.#replace(instead, [])
      await leading.fail()
      throw error
    }
    const decision = decide(leading, response)
    if (decision.kind === 'pass') return this.#withStatus(response, decision.status)
    if (decision.kind === 'replace') {
      await response.body?.cancel()
      return this.#replace(decision, response.headers.getSetCookie())
    }
    const copy = new BodyCopy(leading, this.#front.budget)
    const check = (body: Buffer) => isDecoded(response, body)
    if (decision.isNotModified) {
      this.#runBehind(copyWhole(response.body, copy, check))
      return this.#withStatus(notModified(response), decision.status)
    }
    if (response.body !== null) {
      return this.#withStatus(response, decision.status, copyStream(response.body, copy, check))
    }
    await copy.finish()
    return this.#withStatus(response, decision.status)
  }

  /** After the client was answered. */
  #refresh(leading: Leading): void {
    this.#front.countBehind(leading)
    const work = async (): Promise<void> => {
      try {
        // The client's signal says when it is gone, which is soon.
        const response = await this.#app(upstreamRequest(this.#request, leading, { signal: null }))
        if (decide(leading, response).kind !== 'store') return await response.body?.cancel()
        const copy = new BodyCopy(leading, this.#front.budget)
        await copyWhole(response.body, copy, body => isDecoded(response, body))
      } catch (error) {
        if (leading.onError() === undefined) void leading.fail()
        await leading.over
        throw error
      }
    }
    this.#runBehind(work())
  }

  #runBehind(work: Promise<void>): void {
    work.catch(error => this.#front.site.options.onError(error))
  }

  #replace(decision: HeadDecision & { readonly kind: 'replace' }, cookies: string[]): Response {
    return toResponse(this.#front.answer(this.#asked, decision.ready, decision.status), cookies)
  }

  async #forgetAfter({ status, headers }: Response): Promise<void> {
    const header = (name: string) => headers.get(name) ?? undefined
    const { site, flight } = this.#front
    await invalidateAfter(site, flight, this.#asked, { status, header })
  }

  /** A response may be shared or immutable, so it is never changed. */
  #withStatus(
    response: Response,
    status: CacheStatus,
    body: ReadableStream<Uint8Array> | null = response.body,
  ): Response {
    const before = response.headers.get('cache-status') ?? undefined
    const text = this.#front.statusText(status, before)
    const isPlain = response.status >= 200 // an error, or an upgrade: not to be made by anybody
    if (!isPlain || (text === undefined && body === response.body)) return response
    const headers = new Headers(response.headers)
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

function decide(leading: Leading, { status, statusText, headers }: Response): HeadDecision {
  return leading.onHead({ status, reason: statusText, fields: [...headers] })
}

/** The client's conditions are about what it has, those of the cache about what is stored. */
function upstreamRequest(request: Request, { conditions }: Leading, init: RequestInit): Request {
  const isPlain = !CLIENT_CONDITIONS.some(name => request.headers.has(name))
  if (isPlain && conditions.length === 0 && init.signal === undefined) return request
  const headers = new Headers(request.headers)
  for (const name of CLIENT_CONDITIONS) headers.delete(name)
  for (const [name, value] of conditions) headers.set(name, value)
  return new Request(request, { ...init, headers })
}

function toResponse({ status, reason, fields, body }: Answer, cookies: string[]): Response {
  const pairs: HeaderField[] = []
  for (let index = 0; index + 1 < fields.length; index += 2) {
    pairs.push([fields[index] as string, fields[index + 1] as string])
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
