/**
 * The public HTTP cache: in front of a Node listener, between Express handlers, or in front of a
 * Fetch handler.
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { cachedHandler, type FetchHandler } from './fetch-handler.ts'
import { HttpCacheContext } from './http-cache-context.ts'
import { cachedListener, handle, type Listener } from './listener.ts'
import { type HttpCacheOptions, resolveHttpOptions } from './options.ts'
import { Planner } from './planner.ts'

/** A handler between others, as Express, Connect and similar frameworks take it. */
export type Middleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void

/**
 * A shared cache for the responses of an application, following RFC 9111. It stores them in any
 * cache of this package, so a response that one process stored is served by all.
 *
 * The application decides what is stored, by `Cache-Control: s-maxage` or `max-age`, or `Expires`.
 * Responses with Set-Cookie, `private` or `no-store` are never stored. When a page is missing, one
 * request of all processes asks the application, and the others wait for it. The cache answers
 * conditions and ranges itself, and reports what it did in Cache-Status. If the cache fails, the
 * application answers.
 *
 * @example
 * const pages = new HttpCache({ cache: Cache.open({ name: 'pages', maxItems: 10_000 }) })
 * createServer(pages.listener(app)).listen(8080)
 */
export class HttpCache {
  readonly #context: HttpCacheContext
  readonly #planner: Planner

  /** @throws UndercroftError UNDERCROFT_OPTION_INVALID */
  constructor(options: HttpCacheOptions) {
    this.#context = new HttpCacheContext(resolveHttpOptions(options))
    this.#planner = new Planner(this.#context)
  }

  /**
   * Returns the application with the cache in front of it, for `http.createServer`.
   *
   * @param app - An Express application is a listener, and so is Koa's `callback()`.
   */
  listener(app: Listener): Listener {
    return cachedListener(this.#planner, app)
  }

  /**
   * Returns a handler to put before those whose responses are to be cached. It cannot ask them
   * again after a client was answered: with `stale-while-revalidate`, one client waits while a page
   * is refreshed.
   */
  middleware(): Middleware {
    return (request, response, next) => {
      handle(this.#planner, request, response, next)
    }
  }

  /**
   * Returns the Fetch handler with the cache in front of it. Arguments after the request are passed
   * to the handler.
   *
   * @param app - For Hono `app.fetch`.
   */
  handler<Rest extends readonly unknown[] = []>(
    app: FetchHandler<Rest>,
  ): (request: Request, ...rest: Rest) => Promise<Response> {
    return cachedHandler(this.#planner, app)
  }

  /**
   * Removes a page with all its variants. Responses to it that are being made are not stored.
   *
   * @param key - The value that the `key` option returns for the page: by default its URL, with
   * scheme and host.
   * @returns Whether there was a page.
   * @throws UndercroftError as the cache does
   */
  delete(key: string): Promise<boolean> {
    return this.#context.invalidate(key)
  }
}
