/**
 * A cache in front of a Node listener, and between the handlers of Express and its like.
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { makeBehind } from './behind.ts'
import { type CacheRequest, schemeOf } from './cache-request.ts'
import type { Front } from './front.ts'
import { invalidateAfter } from './invalidate.ts'
import { CLIENT_CONDITIONS, type Leading } from './leading.ts'
import { applyHead, sendAnswer } from './node-answer.ts'
import type { Plan } from './planner.ts'
import { watchResponse } from './watched-response.ts'

/** What `http.createServer` takes. What it returns is of no interest to a server. */
export type Listener = (request: IncomingMessage, response: ServerResponse) => unknown

const GATEWAY_TIMEOUT = 504

/** RFC 3986 section 3.2.2, as far as hosts are in use: names, addresses, a port. */
const HOST = /^[\w.:[\]-]*$/

/** With the whole application at hand, stale pages are refreshed after they were answered. */
export function cachedListener(front: Front, app: Listener): Listener {
  const refresh = (message: IncomingMessage, leading: Leading) => {
    front.countBehind(leading)
    const { request, response } = makeBehind(message)
    lead(front, request, response, leading, () => app(request, response))
  }
  return (request, response) =>
    handle(front, request, response, () => app(request, response), refresh)
}

/** What a request needs to be carried out: the parts that do not depend on the plan. */
interface Exchange {
  readonly front: Front
  readonly message: IncomingMessage
  readonly response: ServerResponse
  readonly request: CacheRequest
  readonly forward: () => unknown
  readonly refresh: ((message: IncomingMessage, leading: Leading) => void) | undefined
}

/** Answers, or has `forward` called, at once or later. */
export function handle(
  front: Front,
  message: IncomingMessage,
  response: ServerResponse,
  forward: () => unknown,
  refresh?: (message: IncomingMessage, leading: Leading) => void,
): unknown {
  const request = cacheRequest(message)
  const exchange = { front, message, response, request, forward, refresh }
  const plan = front.planner.plan({
    request,
    isPlain: isPlain(message),
    refreshesBehind: refresh !== undefined && front.mayAskBehind,
  })
  if (plan instanceof Promise) return plan.then(made => carryOut(exchange, made))
  return carryOut(exchange, plan)
}

function carryOut(exchange: Exchange, plan: Plan): unknown {
  const { front, message, response, request, forward, refresh } = exchange
  switch (plan.kind) {
    case 'answer':
      sendAnswer(response, front.answer(request, plan.ready, plan.status))
      if (plan.refresh !== undefined) refresh?.(message, plan.refresh)
      return undefined
    case 'lead':
      return lead(front, message, response, plan.leading, forward)
    case 'pass':
      if (plan.isUnsafe) forgetAfter(front, request, response)
      setStatus(response, front.statusText(plan.status, undefined))
      return forward()
    case 'unavailable':
      setStatus(response, front.statusText(plan.status, undefined))
      response.writeHead(GATEWAY_TIMEOUT)
      response.end()
      return undefined
  }
}

function lead(
  front: Front,
  message: IncomingMessage,
  response: ServerResponse,
  leading: Leading,
  forward: () => unknown,
): unknown {
  if (response.destroyed) return leading.fail() // the client went while it waited for its turn
  const request = cacheRequest(message) // with the client's conditions, which the next line drops
  setConditions(message, leading.conditions)
  watchResponse(response, leading, {
    budget: front.budget,
    statusText: (decision, before) => front.statusText(decision.status, before),
    answerOf: decision => front.answer(request, decision.ready, decision.status),
  })
  try {
    return forward()
  } catch (error) {
    void leading.fail()
    throw error
  }
}

function cacheRequest(message: IncomingMessage): CacheRequest {
  const { headers, method = 'GET' } = message
  const header = (name: string): string | undefined => {
    const value = headers[name]
    return typeof value === 'object' ? value.join(', ') : value
  }
  const isEncrypted = (message.socket as { readonly encrypted?: boolean }).encrypted === true
  const scheme = schemeOf(header('x-forwarded-proto'), isEncrypted)
  return {
    method,
    url: `${scheme}://${(headers.host ?? '').toLowerCase()}${targetOf(message)}`,
    header,
  }
}

/** Express takes the path where a handler is mounted off `url`. */
function targetOf(message: IncomingMessage): string {
  return (message as { readonly originalUrl?: string }).originalUrl ?? message.url ?? '/'
}

/** Otherwise Host and target could be cut in two ways, or be of two minds. */
function isPlain(message: IncomingMessage): boolean {
  const { host, 'content-length': length, 'transfer-encoding': coding } = message.headers
  if (coding !== undefined || (length !== undefined && length !== '0')) return false
  return targetOf(message).startsWith('/') && host !== undefined && HOST.test(host)
}

/** In both forms in which applications read them. */
function setConditions(message: IncomingMessage, conditions: Leading['conditions']): void {
  const kept: string[] = []
  for (let index = 0; index + 1 < message.rawHeaders.length; index += 2) {
    const name = message.rawHeaders[index] as string
    if (CLIENT_CONDITIONS.includes(name.toLowerCase())) continue
    kept.push(name, message.rawHeaders[index + 1] as string)
  }
  const headers = { ...message.headers }
  for (const name of CLIENT_CONDITIONS) delete headers[name]
  message.rawHeaders = [...kept, ...conditions.flat()]
  message.headers = Object.assign(headers, Object.fromEntries(conditions))
}

function forgetAfter(front: Front, request: CacheRequest, response: ServerResponse): void {
  const { writeHead } = response
  response.writeHead = ((...args: unknown[]) => {
    response.writeHead = writeHead
    applyHead(response, args)
    const header = (name: string) => response.getHeader(name)?.toString()
    const { statusCode: status } = response
    void invalidateAfter(front.site, front.flight, request, { status, header })
    return response.writeHead(status)
  }) as typeof writeHead
}

function setStatus(response: ServerResponse, text: string | undefined): void {
  if (text !== undefined) response.setHeader('cache-status', text)
}
