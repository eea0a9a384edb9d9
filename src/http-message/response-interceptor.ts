/**
 * Intercepting a response of `node:http` on its way to the client.
 *
 * The application writes as usual. A {@link ResponseInterceptor} sees the head before it is sent,
 * may change it, and decides what happens to the body: it goes to the client, with or without a
 * copy, or it is dropped.
 *
 * `write` and `end` receive bytes that are not framed yet, so a copy never contains chunk sizes
 * (docs/reference/uwsgi-faults.md, F48).
 */

import type { ServerResponse } from 'node:http'
import type { BodyCopy } from './body-copy.ts'
import { NO_LENGTH_STATUSES } from './fields.ts'
import { applyHead, type ResponseMethods } from './node-messages.ts'

/** What happens to the body of an intercepted response. */
export interface BodyRoute {
  /**
   * `body`: the client gets what the application writes. `head`: it gets only the head, because it
   * has the body already. `answered`: the interceptor has sent another answer.
   */
  readonly client: 'body' | 'head' | 'answered'
  /** Copies the body; undefined: no copy is needed. */
  readonly copy?: BodyCopy | undefined
}

export interface ResponseInterceptor {
  /**
   * True: `onHead` may send another answer, so `end` with the whole body asks for the head first
   * and sets Content-Length itself. False: Node sets the length, as without an interceptor.
   */
  readonly mayAnswer: boolean
  /**
   * The head is complete, and not sent yet. Called once, before any byte of the body.
   *
   * @param original - the methods as they were before the interception, to send another answer
   */
  onHead(response: ServerResponse, original: ResponseMethods): BodyRoute
  /** The head was passed to the methods of before, which may have added fields. */
  onHeadPassed?(response: ServerResponse): void
  /** The application has written everything. Called before the last bytes leave. */
  onEnd?(response: ServerResponse): void
  /** The client has disconnected, or has everything. */
  onClose?(): void
}

type Callback = (error?: Error | null) => void

/** Call this before the application gets the response. */
export function interceptResponse(
  response: ServerResponse,
  interceptor: ResponseInterceptor,
): void {
  const interception = new Interception(response, interceptor)
  response.writeHead = ((...args: unknown[]) =>
    interception.writeHead(args)) as typeof response.writeHead
  response.write = ((...args: unknown[]) => interception.write(args)) as typeof response.write
  response.end = ((...args: unknown[]) => interception.end(args)) as typeof response.end
  response.once('close', () => interception.close())
}

const UNCOPIED: BodyRoute = { client: 'body' }

class Interception {
  readonly #response: ServerResponse
  readonly #interceptor: ResponseInterceptor
  readonly #original: ResponseMethods
  /** Undefined: the head is not known yet. */
  #route: BodyRoute | undefined
  /** The last bytes, while Node's `end` asks for the head. */
  #last: readonly unknown[] | undefined
  #isEnded = false

  constructor(response: ServerResponse, interceptor: ResponseInterceptor) {
    this.#response = response
    this.#interceptor = interceptor
    this.#original = { writeHead: response.writeHead, write: response.write, end: response.end }
  }

  writeHead(args: readonly unknown[]): ServerResponse {
    const response = this.#response
    if (this.#route?.client === 'answered') return response
    if (this.#route !== undefined || response.headersSent) {
      return Reflect.apply(this.#original.writeHead, response, args)
    }
    applyHead(response, args)
    this.#route = this.#interceptor.onHead(response, this.#original)
    if (this.#route.client === 'answered') return response
    if (this.#last !== undefined) this.#finish(this.#last)
    Reflect.apply(this.#original.writeHead, response, [response.statusCode])
    this.#interceptor.onHeadPassed?.(response)
    return response
  }

  write(args: readonly unknown[]): boolean {
    const { client, copy } = this.#requireHead()
    const [chunk, encoding, callback] = chunkArguments(args)
    if (isBytes(chunk)) copy?.add(chunk, encoding)
    if (client !== 'body') {
      if (callback !== undefined) process.nextTick(callback)
      return true
    }
    const isFlowing = Reflect.apply(this.#original.write, this.#response, args)
    // While the body is copied, a slow client delays only itself: Node keeps what it has not sent.
    return isFlowing || copy?.isCopying === true
  }

  end(args: readonly unknown[]): ServerResponse {
    const response = this.#response
    const { end } = this.#original
    if (this.#route === undefined && !response.headersSent && !this.#interceptor.mayAnswer) {
      this.#last = args
      return Reflect.apply(end, response, args)
    }
    if (this.#route === undefined) setLength(response, args)
    const { client } = this.#requireHead()
    this.#finish(args)
    if (client === 'body') return Reflect.apply(end, response, args)
    const [, , callback] = chunkArguments(args)
    if (client === 'head') return Reflect.apply(end, response, callback ? [callback] : [])
    if (callback !== undefined) process.nextTick(callback)
    return response
  }

  close(): void {
    void this.#route?.copy?.fail()
    this.#route ??= UNCOPIED
    this.#interceptor.onClose?.()
  }

  /** Before the last bytes leave, so that a client that has all of them finds the body stored. */
  #finish(args: readonly unknown[]): void {
    if (this.#isEnded) return
    this.#isEnded = true
    const copy = this.#route?.copy
    if (this.#response.destroyed) {
      void copy?.fail()
      return
    }
    const [chunk, encoding] = chunkArguments(args)
    if (isBytes(chunk)) copy?.add(chunk, encoding)
    void copy?.finish()
    this.#interceptor.onEnd?.(this.#response)
  }

  /**
   * Calls the property, because other code may have put its own `writeHead` in front of this one,
   * to add fields in time.
   */
  #requireHead(): BodyRoute {
    const response = this.#response
    if (this.#route === undefined && !response.headersSent) response.writeHead(response.statusCode)
    return this.#route ?? UNCOPIED
  }
}

/** Sets Content-Length as Node does when the whole body comes with `end`. */
function setLength(response: ServerResponse, args: readonly unknown[]): void {
  const names = ['content-length', 'transfer-encoding', 'trailer']
  if (names.some(name => response.hasHeader(name))) return
  if (NO_LENGTH_STATUSES.has(response.statusCode)) return
  const [chunk, encoding] = chunkArguments(args)
  if (isBytes(chunk)) response.setHeader('content-length', Buffer.byteLength(chunk, encoding))
  else if (chunk === undefined || chunk === null) response.setHeader('content-length', 0)
}

function chunkArguments(
  args: readonly unknown[],
): [chunk: unknown, encoding: BufferEncoding | undefined, callback: Callback | undefined] {
  const callback = args.find((arg): arg is Callback => typeof arg === 'function')
  const [chunk, encoding] = args
  return [
    typeof chunk === 'function' ? undefined : chunk,
    typeof encoding === 'string' && Buffer.isEncoding(encoding) ? encoding : undefined,
    callback,
  ]
}

function isBytes(chunk: unknown): chunk is string | Uint8Array {
  return typeof chunk === 'string' || chunk instanceof Uint8Array
}
