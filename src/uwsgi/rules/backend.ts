/**
 * Handing a request to an HTTP server, as the action `http` asks.
 *
 * uWSGI 2.0.21, plugins/router_http. The connection to the server serves one request. Nothing is
 * kept in memory: bodies pass in both directions at the pace of their reader.
 */

import {
  type ClientRequest,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request as requestTo,
  type ServerResponse,
} from 'node:http'
import { formatAddress } from '../options/index.ts'
import type { Backend, RuleContext } from './rule-context.ts'

/** Requests at servers at once, for each worker; further ones get 503. */
const MAX_FORWARDED = 1000

/**
 * Fields of the connection between client and worker (RFC 9110, section 7.6.1), and Expect, which
 * this side has answered.
 */
const CONNECTION_FIELDS: ReadonlySet<string> = new Set([
  ...['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding'],
  ...['upgrade', 'expect'],
])

export class Forwarder {
  readonly #idleLimitMs: number
  #count = 0

  /** @param idleLimitMs - time in which a byte must pass, in either direction */
  constructor(idleLimitMs: number) {
    this.#idleLimitMs = idleLimitMs
  }

  /** Sends the request to the backend, and its answer to the client: 502 to 504 without one. */
  forward(
    backend: Backend,
    context: RuleContext,
    request: IncomingMessage,
    response: ServerResponse,
  ): void {
    if (this.#count >= MAX_FORWARDED) {
      answer(response, 503)
      return
    }
    this.#count++
    const upstream = connectTo(backend, context, request, this.#idleLimitMs)
    let failure: 502 | 504 = 502
    const fail = (error: unknown) => {
      if (response.destroyed || response.writableEnded) return
      const address = formatAddress(backend.address)
      context.deps.log(`error routing request to http server ${address}: ${error}`)
      answer(response, failure)
    }
    upstream.on('timeout', () => {
      failure = 504
      upstream.destroy(new Error(`nothing passed for ${this.#idleLimitMs / 1000} seconds`))
    })
    let isAnswered = false
    // After that the answer itself fails, unless it came before the whole request was sent.
    upstream.on('error', error => isAnswered || fail(error))
    upstream.on('close', () => this.#count--)
    upstream.on('response', incoming => {
      isAnswered = true
      incoming.on('error', fail)
      passAnswer(incoming, response, fail)
    })
    // A client that is gone needs no answer.
    response.once('close', () => upstream.destroy())
    request.pipe(upstream)
  }
}

function connectTo(
  { address, host, target }: Backend,
  context: RuleContext,
  { method = 'GET', headers }: IncomingMessage,
  timeout: number,
): ClientRequest {
  const place =
    address.kind === 'unix'
      ? { socketPath: address.path }
      : { host: address.host, port: address.port }
  return requestTo({
    ...place,
    method,
    path: visible(target ?? context.variables.get('REQUEST_URI')),
    headers: fieldsFor(headers, host, context),
    agent: false,
    timeout,
  })
}

/** A request line has no blanks and controls, which text of a request may contain. */
function visible(target: string): string {
  const encoded = target.replace(/[^!-~]/g, character => {
    return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
  })
  return encoded === '' ? '/' : encoded
}

function fieldsFor(
  headers: IncomingMessage['headers'],
  host: string | undefined,
  context: RuleContext,
): OutgoingHttpHeaders {
  const skipped = connectionFields(headers.connection)
  const kept = Object.entries(headers).filter(([name]) => !skipped.has(name))
  const forwardedFor = [headers['x-forwarded-for'], context.variables.get('REMOTE_ADDR')]
  const isChunked = headers['transfer-encoding'] !== undefined
  return {
    ...Object.fromEntries(kept),
    ...(host === undefined ? {} : { host }),
    // Otherwise Node.js sends the body of some methods without any framing.
    ...(isChunked ? { 'transfer-encoding': 'chunked' } : {}),
    'x-forwarded-for': forwardedFor.filter(text => text !== undefined && text !== '').join(', '),
  }
}

/** The fixed names, and those that a message's own Connection field lists. */
function connectionFields(connection: string | undefined): ReadonlySet<string> {
  const listed = (connection ?? '').toLowerCase().split(',')
  return new Set([...CONNECTION_FIELDS, ...listed.map(name => name.trim())])
}

function passAnswer(
  incoming: IncomingMessage,
  response: ServerResponse,
  fail: (error: unknown) => void,
): void {
  const { statusCode = 502, statusMessage = '', rawHeaders, headers } = incoming
  const skipped = connectionFields(headers.connection)
  try {
    for (let i = 0; i < rawHeaders.length; i += 2) {
      const [name = '', value = ''] = rawHeaders.slice(i, i + 2)
      if (!skipped.has(name.toLowerCase())) response.appendHeader(name, value)
    }
    response.writeHead(statusCode, statusMessage)
  } catch (error) {
    incoming.destroy()
    fail(error)
    return
  }
  incoming.pipe(response)
}

/** Answers with a status, or breaks a response that has begun, so that it does not seem whole. */
function answer(response: ServerResponse, statusCode: number): void {
  if (response.headersSent) {
    response.destroy()
    return
  }
  for (const name of response.getHeaderNames()) response.removeHeader(name)
  response.writeHead(statusCode, { 'Content-Length': 0 }).end()
}
