/**
 * Listening in on the application's response: headers changed as rules say before they are sent,
 * and a copy of the body for those who want it.
 *
 * The body goes to the client as the application writes it; nothing waits. `write` and `end` take
 * what is not yet framed, so a copy never has chunk sizes in it (spec/known-faults F48).
 */

import type { OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { ResponseHead, ResponseSink } from './response-sink.ts'
import type { RuleContext as Exchange } from './rule-context.ts'

const NOTHING = Buffer.alloc(0)

/** Runs rules of the response chain; at most once, and not waiting for anything. */
export type RunResponseRules = (exchange: Exchange) => void

export function tapResponse(
  response: ServerResponse,
  exchange: Exchange,
  runRules: RunResponseRules | undefined,
): void {
  const tap = new ResponseTap(response, exchange, runRules)
  const { writeHead, write, end } = response
  response.writeHead = function head(this: ServerResponse, ...given: unknown[]) {
    if (response.headersSent || tap.isHeadReady) return Reflect.apply(writeHead, response, given)
    const reason = tap.readyHead(given)
    return Reflect.apply(writeHead, response, [response.statusCode, ...reason])
  } as ServerResponse['writeHead']
  response.write = function body(this: ServerResponse, ...given: unknown[]) {
    const isFlowing = Reflect.apply(write, response, given)
    tap.copy(given[0], given[1])
    return isFlowing
  } as ServerResponse['write']
  response.end = function last(this: ServerResponse, ...given: unknown[]) {
    tap.finish(given[0], given[1])
    return Reflect.apply(end, response, given)
  } as ServerResponse['end']
}

class ResponseTap {
  isHeadReady = false
  readonly #response: ServerResponse
  readonly #exchange: Exchange
  readonly #runRules: RunResponseRules | undefined
  #sinks: ResponseSink[] = []
  #copied: Buffer[] = []
  #copiedSize = 0
  /** Most that any sink takes; the copy is given up beyond. */
  #limit = 0
  #isFinished = false

  constructor(
    response: ServerResponse,
    exchange: Exchange,
    runRules: RunResponseRules | undefined,
  ) {
    this.#response = response
    this.#exchange = exchange
    this.#runRules = runRules
  }

  /** What `writeHead` was given becomes headers of the response, and rules have their turn. */
  readyHead([statusCode, second, third]: readonly unknown[]): string[] {
    const response = this.#response
    if (typeof statusCode === 'number') response.statusCode = statusCode
    const reason = typeof second === 'string' ? second : undefined
    setHeaders(response, third ?? (reason === undefined ? second : undefined))
    if (reason !== undefined) response.statusMessage = reason
    this.ready()
    const { statusMessage } = response
    return statusMessage === undefined || statusMessage === '' ? [] : [statusMessage]
  }

  ready(): void {
    this.isHeadReady = true
    const response = this.#response
    const exchange = this.#exchange
    exchange.statusCode = response.statusCode
    exchange.response = {
      clear: ({ statusCode, reason = '' }) => {
        for (const name of response.getHeaderNames()) response.removeHeader(name)
        response.statusCode = statusCode
        response.statusMessage = reason
      },
    }
    this.#runRules?.(exchange)
    applyEdits(response, exchange)
    exchange.statusCode = response.statusCode
    const head = headOf(response, exchange)
    this.#sinks = (exchange.sinks ?? []).filter(sink => sink.wants(head))
    this.#limit = Math.max(0, ...this.#sinks.map(sink => sink.maxBodySize))
  }

  copy(chunk: unknown, encoding: unknown): void {
    if (this.#limit === 0 || this.#isFinished) return
    const size = sizeOf(chunk, encoding)
    this.#copiedSize += size
    if (this.#copiedSize > this.#limit) {
      this.#copied = []
      this.#keepOnly(sink => sink.maxBodySize === 0)
      this.#limit = 0
    } else if (size > 0) {
      // The application may use its buffer again.
      this.#copied.push(copyOf(chunk, encoding))
    }
  }

  /** Before the last bytes leave: who has the whole response finds it stored. */
  finish(chunk: unknown, encoding: unknown): void {
    if (this.#isFinished) return
    if (!this.isHeadReady && !this.#response.headersSent) this.ready()
    this.copy(chunk, encoding)
    this.#isFinished = true
    if (!this.#isWhole()) return
    this.#keepOnly(sink => sink.maxBodySize === 0 || this.#copiedSize <= sink.maxBodySize)
    const body = this.#limit === 0 ? NOTHING : Buffer.concat(this.#copied, this.#copiedSize)
    for (const sink of this.#sinks) this.#give(sink, sink.maxBodySize === 0 ? NOTHING : body)
    this.#copied = []
  }

  #keepOnly(isKept: (sink: ResponseSink) => boolean): void {
    for (const sink of this.#sinks) if (!isKept(sink)) sink.miss?.()
    this.#sinks = this.#sinks.filter(isKept)
  }

  /** Whatever becomes of the copy, the application's call goes well. */
  #give(sink: ResponseSink, body: Buffer): void {
    try {
      sink.take(body)
    } catch (error) {
      this.#exchange.deps.log(`[uwsgi-route] a response was not stored: ${error}`)
    }
  }

  /** Not cut short: by the client, which the application may have noticed, or below its length. */
  #isWhole(): boolean {
    const response = this.#response
    if (response.destroyed) return false
    const announced = response.getHeader('content-length')
    return announced === undefined || this.#limit === 0 || Number(announced) === this.#copiedSize
  }
}

function applyEdits(response: ServerResponse, { editsIfAny }: Exchange): void {
  if (editsIfAny === undefined) return
  for (const name of editsIfAny.removed) response.removeHeader(name)
  const { added } = editsIfAny
  for (let i = 0; i < added.length; i += 2) {
    response.appendHeader(added[i] ?? '', added[i + 1] ?? '')
  }
}

function headOf(response: ServerResponse, exchange: Exchange): ResponseHead {
  return {
    method: exchange.variable('REQUEST_METHOD'),
    statusCode: response.statusCode,
    cacheControl: headerText(response, 'cache-control'),
    contentEncoding: headerText(response, 'content-encoding').toLowerCase(),
    hasSetCookie: response.hasHeader('set-cookie'),
    hasAuthorization: exchange.variable('HTTP_AUTHORIZATION') !== '',
  }
}

function headerText(response: ServerResponse, name: string): string {
  const value = response.getHeader(name)
  return Array.isArray(value) ? value.join(',') : String(value ?? '')
}

/** The forms in which `writeHead` takes headers: an object, pairs, or names and values by turns. */
function setHeaders(response: ServerResponse, given: unknown): void {
  if (Array.isArray(given)) {
    setHeaderList(response, Array.isArray(given[0]) ? given.flat() : given)
  } else if (typeof given === 'object' && given !== null) {
    for (const [name, value] of Object.entries(given as OutgoingHttpHeaders)) {
      response.setHeader(name, value as OutgoingHttpHeader)
    }
  }
}

/** A name that comes twice keeps both values, but not those of before. */
function setHeaderList(response: ServerResponse, list: readonly string[]): void {
  for (let i = 0; i < list.length; i += 2) response.removeHeader(list[i] ?? '')
  for (let i = 0; i < list.length; i += 2) response.appendHeader(list[i] ?? '', list[i + 1] ?? '')
}

function sizeOf(chunk: unknown, encoding: unknown): number {
  if (typeof chunk === 'string') return Buffer.byteLength(chunk, encodingOf(encoding))
  return chunk instanceof Uint8Array ? chunk.byteLength : 0
}

function copyOf(chunk: unknown, encoding: unknown): Buffer {
  if (typeof chunk === 'string') return Buffer.from(chunk, encodingOf(encoding))
  return chunk instanceof Uint8Array ? Buffer.from(chunk) : NOTHING
}

function encodingOf(encoding: unknown): BufferEncoding {
  return typeof encoding === 'string' && Buffer.isEncoding(encoding) ? encoding : 'utf8'
}
