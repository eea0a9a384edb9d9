/**
 * A cache in front of a Node listener, and between the handlers of Express and similar frameworks.
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  BODY_FIELDS,
  BodyCopy,
  type BodyRoute,
  fieldsOf,
  interceptResponse,
  type ResponseInterceptor,
  type ResponseMethods,
  sendAnswer,
} from '../http-message/index.ts'
import { createBackgroundExchange } from './background-revalidation.ts'
import type { CacheFill } from './cache-fill.ts'
import type { CacheRequest } from './cache-request.ts'
import type { CacheStatus } from './cache-status.ts'
import type { HttpCacheContext } from './http-cache-context.ts'
import { cacheRequest, isPlain, replaceFields } from './node-request.ts'
import type { Plan, Planner } from './planner.ts'
import { PURGE_METHOD } from './purge-requests.ts'

/** What `http.createServer` takes. A server does not use the value that a listener returns. */
export type Listener = (request: IncomingMessage, response: ServerResponse) => unknown

const GATEWAY_TIMEOUT = 504

/** Asks the application again for a page, after the client was answered. */
type Refresh = (message: IncomingMessage, fill: CacheFill) => void

/** The listener has the whole application, so it can revalidate pages in the background. */
export function cachedListener(planner: Planner, app: Listener): Listener {
  const { context } = planner
  const { onError } = context.options
  const refresh = (message: IncomingMessage, fill: CacheFill) => {
    const { request, response } = createBackgroundExchange(message, onError)
    context.trackRevalidation(fill, () => response.destroy())
    const exchange = { message: request, response, request: cacheRequest(request), fill }
    const fail = (error: unknown) => {
      onError(error)
      response.destroy() // and so the fill fails
    }
    const ask = async () => runFill(context, exchange, () => app(request, response))
    ask().catch(fail)
  }
  return (request, response) =>
    handle(planner, request, response, () => app(request, response), refresh)
}

/** The parts of an exchange that do not depend on the plan. */
interface Exchange {
  readonly context: HttpCacheContext
  readonly message: IncomingMessage
  readonly response: ServerResponse
  readonly request: CacheRequest
  readonly forward: () => unknown
  readonly refresh: Refresh | undefined
}

interface FillExchange extends Pick<Exchange, 'message' | 'response' | 'request'> {
  readonly fill: CacheFill
}

/** Answers, or calls `forward`, at once or later. */
export function handle(
  planner: Planner,
  message: IncomingMessage,
  response: ServerResponse,
  forward: () => unknown,
  refresh?: Refresh,
): unknown {
  const { context } = planner
  const request = cacheRequest(message)
  const { purgeRequests } = context
  if (request.method === PURGE_METHOD && purgeRequests !== undefined) {
    const answer = purgeRequests.answer(request, message.socket.remoteAddress)
    return answer.then(made => sendAnswer(response, made))
  }
  const exchange = { context, message, response, request, forward, refresh }
  const plan = planner.plan({
    request,
    isPlain: isPlain(message),
    canRefreshLater: refresh !== undefined,
  })
  if (plan instanceof Promise) return plan.then(made => carryOut(exchange, made))
  return carryOut(exchange, plan)
}

function carryOut(exchange: Exchange, plan: Plan): unknown {
  const { context, message, response, request, forward, refresh } = exchange
  switch (plan.kind) {
    case 'answer':
      sendAnswer(response, plan.answer)
      if (plan.refresh !== undefined) refresh?.(message, plan.refresh)
      return undefined
    case 'fill':
      return runFill(context, { message, response, request, fill: plan.fill }, forward)
    case 'pass':
      interceptResponse(response, new PassInterceptor(context, request, plan))
      return forward()
    case 'unavailable':
      setStatus(response, context.statusText(request, plan.status, undefined))
      response.writeHead(GATEWAY_TIMEOUT)
      response.end()
      return undefined
  }
}

function runFill(
  context: HttpCacheContext,
  { message, response, request, fill }: FillExchange,
  forward: () => unknown,
): unknown {
  if (response.destroyed) return fill.fail() // the client disconnected while its request waited
  replaceFields(message, fill)
  interceptResponse(response, new FillInterceptor(context, { response, request, fill }))
  try {
    return forward()
  } catch (error) {
    void fill.fail()
    throw error
  }
}

/** Lets a fill decide about the application's response, and carries the decision out. */
class FillInterceptor implements ResponseInterceptor {
  readonly mayAnswer = true
  readonly #context: HttpCacheContext
  readonly #request: CacheRequest
  readonly #fill: CacheFill
  /** Fields that other code set before the application was asked do not belong to the page. */
  readonly #before: Readonly<Record<string, unknown>>
  readonly #copy: BodyCopy

  constructor(
    context: HttpCacheContext,
    { response, request, fill }: Omit<FillExchange, 'message'>,
  ) {
    this.#context = context
    this.#request = request
    this.#fill = fill
    this.#before = { ...response.getHeaders() }
    this.#copy = new BodyCopy(fill, context.budget)
  }

  onHead(response: ServerResponse, original: ResponseMethods): BodyRoute {
    const fields = fieldsOf(response)
    const own = fields.filter(([name]) => !this.#isFromBefore(response, name))
    const head = { status: response.statusCode, reason: response.statusMessage ?? '', fields }
    const decision = this.#fill.onHead(head, own)
    if (decision.kind === 'replace') {
      this.#dropFields(response)
      sendAnswer(response, decision.answer, original)
      return { client: 'answered' }
    }
    completeHead(this.#context, this.#request, response, decision.status)
    if (decision.kind === 'pass') return { client: 'body' }
    if (decision.variesByCoding) response.appendHeader('vary', 'accept-encoding')
    if (!decision.isNotModified) return { client: 'body', copy: this.#copy }
    for (const name of BODY_FIELDS) response.removeHeader(name)
    response.statusCode = 304
    response.statusMessage = ''
    return { client: 'head', copy: this.#copy }
  }

  /** Code in front of the cache may have added cookies just now. */
  onHeadPassed(response: ServerResponse): void {
    const isForOne = response.hasHeader('set-cookie') && !this.#fill.storesCookies
    if (isForOne) this.#copy.giveUp('set-cookie')
  }

  onClose(): void {
    void this.#copy.fail()
  }

  /** Drops the application's fields except cookies, which are for this client in any case. */
  #dropFields(response: ServerResponse): void {
    for (const name of response.getHeaderNames()) {
      if (name === 'set-cookie' || this.#isFromBefore(response, name)) continue
      const before = this.#before[name]
      if (before === undefined) response.removeHeader(name)
      else response.setHeader(name, before as string)
    }
  }

  #isFromBefore(response: ServerResponse, name: string): boolean {
    const before = this.#before[name]
    return before !== undefined && before === response.getHeader(name)
  }
}

type PassPlan = Plan & { readonly kind: 'pass' }

/**
 * Reports that a request was passed on. Removes pages that it may have changed, as soon as its
 * answer begins.
 */
class PassInterceptor implements ResponseInterceptor {
  readonly mayAnswer = false
  readonly #context: HttpCacheContext
  readonly #request: CacheRequest
  readonly #plan: PassPlan

  constructor(context: HttpCacheContext, request: CacheRequest, plan: PassPlan) {
    this.#context = context
    this.#request = request
    this.#plan = plan
  }

  onHead(response: ServerResponse): BodyRoute {
    completeHead(this.#context, this.#request, response, this.#plan.status)
    if (!this.#plan.isUnsafe) return { client: 'body' }
    const header = (name: string) => response.getHeader(name)?.toString()
    void this.#context.invalidateAfter(this.#request, { status: response.statusCode, header })
    return { client: 'body' }
  }
}

/**
 * Completes the head of the application's response for the client. Cache-Status follows what caches
 * before this one have written; RFC 9211 section 2.
 */
function completeHead(
  context: HttpCacheContext,
  request: CacheRequest,
  response: ServerResponse,
  status: CacheStatus,
): void {
  const before = response.getHeader('cache-status')
  const text = Array.isArray(before) ? before.join(', ') : before?.toString()
  for (const name of context.options.hiddenFields) response.removeHeader(name)
  setStatus(response, context.statusText(request, status, text))
}

function setStatus(response: ServerResponse, text: string | undefined): void {
  if (text !== undefined) response.setHeader('cache-status', text)
}
