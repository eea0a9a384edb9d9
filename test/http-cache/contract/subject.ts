/**
 * An application behind an `HttpCache` on any kind of server, and a client for it.
 */

import { once } from 'node:events'
import { type ClientRequest, createServer, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { CacheLike } from '../../../src/base/index.ts'
import { HttpCache, type HttpCacheOptions, type Listener } from '../../../src/http-cache/index.ts'
import { Cache } from '../../../src/index.ts'
import { until, within } from '../../../testing/deadline.ts'
import { ManualClock } from '../../../testing/manual-clock.ts'
import { onEnd, type Scope } from '../../../testing/scope.ts'
import { processDir } from '../../../testing/temp-dir.ts'

export type Fields = Readonly<Record<string, string | readonly string[]>>

/** A response of the application. */
export interface AppResponse {
  readonly status?: number
  readonly headers?: Fields
  readonly body?: string | Buffer
}

/** A request as the application sees it. */
export interface Seen {
  readonly method: string
  /** Path and query. */
  readonly path: string
  readonly headers: Readonly<Record<string, string | undefined>>
}

/** A response as the client receives it. */
export interface Got {
  readonly status: number
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: string
  /** Cache-Status, or `none`. */
  readonly cached: string
}

export type App = (seen: Seen) => AppResponse | Promise<AppResponse>
export type Send = (method: string, path: string, headers: Fields) => Promise<Got>

/** Starts an application behind a cache, and returns a client for it. */
export type StartFront = (scope: Scope, pages: HttpCache, app: App) => Promise<Send>

export type OpenStore = (scope: Scope, memory: Cache<unknown>) => Promise<CacheLike>

/** One kind of server over one kind of cache. */
export interface Kind {
  readonly startFront: StartFront
  readonly openStore: OpenStore
  /** The server refreshes stale pages after it has answered the client. */
  readonly refreshesLater: boolean
}

const directory = processDir()
let serial = 0

/** Everything that a test of the contract needs. */
export class Subject {
  readonly clock: ManualClock
  /** The errors that `onError` received. */
  readonly errors: unknown[]
  /** The requests that the application received. */
  readonly calls: Seen[] = []
  readonly memory: Cache<unknown>
  readonly pages: HttpCache
  #send: Send = () => Promise.reject(new Error('not started'))
  #app: App = () => ({})

  private constructor(
    memory: Cache<unknown>,
    clock: ManualClock,
    pages: HttpCache,
    errors: unknown[],
  ) {
    this.errors = errors
    this.memory = memory
    this.clock = clock
    this.pages = pages
  }

  static async start(
    scope: Scope,
    kind: Kind,
    options: Partial<HttpCacheOptions> = {},
  ): Promise<Subject> {
    const clock = new ManualClock()
    const memory = Cache.open<unknown>({
      name: `pages-${++serial}`,
      directory,
      memory: 'private',
      maxItems: 200,
      maxTags: 8192, // so that no two places of a test share a tag
      clock,
    })
    onEnd(scope, () => memory.destroy())
    const cache = await kind.openStore(scope, memory)
    const errors: unknown[] = []
    const onError = (error: unknown) => errors.push(error)
    const pages = new HttpCache({ cache, clock, onError, ...options })
    const subject = new Subject(memory, clock, pages, errors)
    subject.#send = await kind.startFront(scope, pages, async seen => {
      subject.calls.push(seen)
      return subject.#app(seen)
    })
    return subject
  }

  /** Sets the application's answer to later requests. */
  answer(app: App | AppResponse): void {
    this.#app = typeof app === 'function' ? app : () => app
  }

  get(path: string, headers: Fields = {}): Promise<Got> {
    return this.send('GET', path, headers)
  }

  send(method: string, path: string, headers: Fields = {}): Promise<Got> {
    return this.#settled(this.sendMeanwhile(method, path, headers))
  }

  /** Sends a request without waiting for the fills of other requests. */
  getMeanwhile(path: string, headers: Fields = {}): Promise<Got> {
    return this.sendMeanwhile('GET', path, headers)
  }

  sendMeanwhile(method: string, path: string, headers: Fields = {}): Promise<Got> {
    return within(`${method} ${path}`, this.#send(method, path, headers))
  }

  /** Waits for the lease to end: a remote cache stores a page just after the client has it. */
  async #settled(response: Promise<Got>): Promise<Got> {
    const got = await response
    await until('what came was stored', () => !this.#isBusy())
    return got
  }

  #isBusy(): boolean {
    return [...this.memory.keys()].some(key => key.startsWith('lease:'))
  }

  /** Returns the keys in the memory except those of leases. */
  keys(): string[] {
    return [...this.memory.keys()].filter(key => !key.startsWith('lease:')).sort()
  }
}

export const HOST = 'example.test'

/** Starts a server of `node:http` on a port of its own. */
export async function serve(scope: Scope, listener: Listener): Promise<AddressInfo> {
  const server = createServer(listener as Parameters<typeof createServer>[1])
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onEnd(scope, () => {
    server.closeAllConnections()
    server.close()
  })
  return server.address() as AddressInfo
}

export function sendTo({ port }: AddressInfo): Send {
  return async (method, path, headers) => {
    const request = httpRequest({
      port,
      host: '127.0.0.1',
      method,
      path,
      headers: { host: HOST, ...(headers as Record<string, string>) },
      agent: false,
    })
    request.end()
    return answerTo(request)
  }
}

async function answerTo(request: ClientRequest): Promise<Got> {
  const [response] = await once(request, 'response')
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(response.headers)) headers[name] = String(value)
  return got(response.statusCode, headers, Buffer.concat(chunks))
}

export function got(status: number, headers: Record<string, string>, body: Buffer): Got {
  const cached = (headers['cache-status'] ?? 'none').replace('undercroft; ', '')
  return { status, headers, body: body.toString('latin1'), cached }
}

/** Returns the application as a Node listener. */
export function asListener(app: App): Listener {
  return async (request, response) => {
    const { method = '', url: path = '' } = request
    const headers = request.headers as Seen['headers']
    const { status = 200, headers: fields = {}, body } = await app({ method, path, headers })
    if (response.destroyed) return
    response.writeHead(status, fields as Record<string, string>)
    response.end(body)
  }
}
