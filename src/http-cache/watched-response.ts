/**
 * A response of `node:http` on its way to the client: watched, copied, and if need be replaced.
 *
 * The application writes as ever. Its head is told to the cache before it is sent, and what the
 * cache says decides: send it and copy the body, send it and look away, or send something else.
 */

import type { ServerResponse } from 'node:http'
import { BODY_FIELDS, NO_LENGTH_STATUSES } from '../http-message/index.ts'
import { BodyCopy, type CopyBudget } from './body-copy.ts'
import type { HeadDecision, Leading } from './leading.ts'
import { applyHead, fieldsOf, type ResponseMethods, sendAnswer } from './node-answer.ts'
import type { Answer } from './prepared-page.ts'

type Callback = (error?: Error | null) => void

/** What the watched response asks of its cache. */
export interface WatchSite {
  readonly budget: CopyBudget
  /** The text of Cache-Status; undefined: none is sent. */
  statusText(decision: HeadDecision, before: string | undefined): string | undefined
  answerOf(decision: HeadDecision & { readonly kind: 'replace' }): Answer
}

/** Call before the application is asked. */
export function watchResponse(response: ServerResponse, leading: Leading, site: WatchSite): void {
  const watch = new Watch(response, leading, site)
  response.writeHead = ((...args: unknown[]) => watch.writeHead(args)) as typeof response.writeHead
  response.write = ((...args: unknown[]) => watch.write(args)) as typeof response.write
  response.end = ((...args: unknown[]) => watch.end(args)) as typeof response.end
  response.once('close', () => watch.close())
}

class Watch {
  readonly #response: ServerResponse
  readonly #leading: Leading
  readonly #site: WatchSite
  readonly #original: ResponseMethods
  /** Put there by others before the application was asked: not of the page. */
  readonly #before: Readonly<Record<string, unknown>>
  readonly #copy: BodyCopy
  #state: 'head' | 'copying' | 'passing' | 'dropping' = 'head'
  /** The client got 304: it has the body. */
  #isMute = false

  constructor(response: ServerResponse, leading: Leading, site: WatchSite) {
    this.#response = response
    this.#leading = leading
    this.#site = site
    this.#original = { writeHead: response.writeHead, write: response.write, end: response.end }
    this.#before = { ...response.getHeaders() }
    this.#copy = new BodyCopy(leading, site.budget)
  }

  writeHead(args: readonly unknown[]): ServerResponse {
    if (this.#state === 'dropping') return this.#response
    if (this.#state !== 'head') return Reflect.apply(this.#original.writeHead, this.#response, args)
    applyHead(this.#response, args)
    this.#decide()
    return this.#response
  }

  write(args: readonly unknown[]): boolean {
    const [chunk, encoding, callback] = chunkArguments(args)
    this.#sendHead()
    if (this.#state === 'copying' && isBytes(chunk)) this.#copy.add(chunk, encoding)
    if (this.#state === 'dropping' || this.#isMute) {
      if (callback !== undefined) process.nextTick(callback)
      return true
    }
    const goesOn = Reflect.apply(this.#original.write, this.#response, args)
    // As long as it is copied a slow client holds up only itself: Node keeps what it has not sent.
    return goesOn || (this.#state === 'copying' && this.#copy.isCopying)
  }

  end(args: readonly unknown[]): ServerResponse {
    const [chunk, encoding, callback] = chunkArguments(args)
    if (this.#state === 'head') this.#setLength(chunk, encoding)
    this.#sendHead()
    if (this.#state === 'copying') {
      this.#state = 'passing'
      if (isBytes(chunk)) this.#copy.add(chunk, encoding)
      void this.#copy.finish()
      if (this.#isMute) return this.#endEmpty(callback)
    }
    if (this.#state === 'dropping') {
      if (callback !== undefined) process.nextTick(callback)
      return this.#response
    }
    return Reflect.apply(this.#original.end, this.#response, args)
  }

  /** The client is gone, or has everything. */
  close(): void {
    void this.#copy.fail()
    if (this.#state !== 'dropping') this.#state = 'passing'
  }

  #endEmpty(callback: Callback | undefined): ServerResponse {
    return Reflect.apply(this.#original.end, this.#response, callback ? [callback] : [])
  }

  /** By the property: others may have put theirs before ours, to add fields in time. */
  #sendHead(): void {
    if (this.#state === 'head') this.#response.writeHead(this.#response.statusCode)
  }

  /** As Node does when the whole body comes with `end`. */
  #setLength(chunk: unknown, encoding: BufferEncoding | undefined): void {
    const response = this.#response
    const names = ['content-length', 'transfer-encoding', 'trailer']
    if (names.some(name => response.hasHeader(name))) return
    if (NO_LENGTH_STATUSES.has(response.statusCode)) return
    if (isBytes(chunk)) response.setHeader('content-length', Buffer.byteLength(chunk, encoding))
    else if (chunk === undefined || chunk === null) response.setHeader('content-length', 0)
  }

  /** Asks the cache, and sends a head. */
  #decide(): void {
    const response = this.#response
    const fields = fieldsOf(response)
    const own = fields.filter(([name]) => !this.#isFromBefore(name))
    const head = { status: response.statusCode, reason: response.statusMessage ?? '', fields }
    const decision = this.#leading.onHead(head, own)
    if (decision.kind === 'replace') {
      this.#state = 'dropping'
      this.#dropFields()
      sendAnswer(response, this.#site.answerOf(decision), this.#original)
      return
    }
    const before = fields.filter(([name]) => name === 'cache-status').map(([, text]) => text)
    const text = this.#site.statusText(decision, before.length > 0 ? before.join(', ') : undefined)
    if (text !== undefined) response.setHeader('cache-status', text)
    this.#state = decision.kind === 'store' ? 'copying' : 'passing'
    if (decision.kind === 'store' && decision.isNotModified) {
      this.#isMute = true
      for (const name of BODY_FIELDS) response.removeHeader(name)
      response.statusCode = 304
      response.statusMessage = ''
    }
    Reflect.apply(this.#original.writeHead, response, [response.statusCode])
    // Others, before the cache, may have added theirs just now.
    const isForOne = response.hasHeader('set-cookie') && !this.#leading.storesCookies
    if (decision.kind === 'store' && isForOne) this.#copy.giveUp('set-cookie')
  }

  /** What the application set, but for cookies: they are for this client in any case. */
  #dropFields(): void {
    for (const name of this.#response.getHeaderNames()) {
      if (name === 'set-cookie' || this.#isFromBefore(name)) continue
      const before = this.#before[name]
      if (before === undefined) this.#response.removeHeader(name)
      else this.#response.setHeader(name, before as string)
    }
  }

  #isFromBefore(name: string): boolean {
    const before = this.#before[name]
    return before !== undefined && before === this.#response.getHeader(name)
  }
}

function chunkArguments(
  args: readonly unknown[],
): [chunk: unknown, encoding: BufferEncoding | undefined, callback: Callback | undefined] {
  const callback = args.find((arg): arg is Callback => typeof arg === 'function')
  const [chunk, encoding] = args
  return [
    typeof chunk === 'function' ? undefined : chunk,
    typeof encoding === 'string' ? (encoding as BufferEncoding) : undefined,
    callback,
  ]
}

function isBytes(chunk: unknown): chunk is string | Uint8Array {
  return typeof chunk === 'string' || chunk instanceof Uint8Array
}
