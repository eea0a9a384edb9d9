/**
 * The public HTTP cache: in front of a Node listener, between Express handlers, or in front of a
 * Fetch handler.
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { cachedHandler, type FetchHandler } from './fetch-handler.ts'
import { Front } from './front.ts'
import { invalidate } from './invalidate.ts'
import { cachedListener, handle, type Listener } from './listener.ts'
import { type HttpCacheOptions, resolveHttpOptions } from './options.ts'

/** A handler between others, as Express, Connect and their like take it. */
export type Middleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void

/**
 * A shared cache for the responses of an application, following RFC 9111, in any cache of this
 * package: what one process stored, all answer with.
 *
 * Stores what the application allows: `Cache-Control: s-maxage` or `max-age`, or `Expires`; never
 * with Set-Cookie, `private` or `no-store`. Of all requests for a page that is not there, in all
 * processes, one asks the application. Answers conditions and ranges itself. Tells what it did in
 * Cache-Status. When the cache fails, the application answers.
 *
 * @example
 * const pages = new HttpCache({ cache: Cache.open({ name: 'pages', maxItems: 10_000 }) })
 * createServer(pages.listener(app)).listen(8080)
 */
export class HttpCache {
  readonly #front: Front

  /** @throws UndercroftError UNDERCROFT_OPTION_INVALID */
  constructor(options: HttpCacheOptions) {
    this.#front = new Front(resolveHttpOptions(options))
  }

  /**
   * The same application with the cache in front: what `http.createServer` takes.
   *
   * @param app - An Express application is one, and so is Koa's `callback()`.
   */
  listener(app: Listener): Listener {
    return cachedListener(this.#front, app)
  }

  /**
   * A handler to put before those whose responses are to be cached. It cannot ask them again once a
   * client was answered: with `stale-while-revalidate` one client waits while a page is refreshed.
   */
  middleware(): Middleware {
    return (request, response, next) => {
      handle(this.#front, request, response, next)
    }
  }

  /**
   * The same Fetch handler with the cache in front. What comes after the request is passed on.
   *
   * @param app - For Hono `app.fetch`.
   */
  handler<Rest extends readonly unknown[] = []>(
    app: FetchHandler<Rest>,
  ): (request: Request, ...rest: Rest) => Promise<Response> {
    return cachedHandler(this.#front, app)
  }

  /**
   * Forgets a page with all its variants; whether there was one. Responses that are on their way
   * are not stored.
   *
   * @param key - What the `key` option gives for it: by default its URL, with scheme and host.
   * @throws UndercroftError as the cache does
   */
  delete(key: string): Promise<boolean> {
    return invalidate(this.#front.site, this.#front.flight, key)
  }
}
