/**
 * The public HTTP cache: in front of a Node listener, between Express handlers, or in front of a
 * Fetch handler.
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { cachedHandler, type FetchHandler } from './fetch-handler.ts'
import { HttpCacheContext } from './http-cache-context.ts'
import { cachedListener, handle, type Listener } from './listener.ts'
import type { HttpCacheOptions } from './options.ts'
import { Planner } from './planner.ts'
import type { PurgeOptions, PurgePlaceOptions } from './purger.ts'
import { resolveHttpOptions } from './resolve-options.ts'

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
   * Purges pages with all their variants, at once for all processes. Responses to them that are
   * being made are not stored.
   *
   * @param target - A path: the pages of all hosts and queries. A URL: those of its host, with all
   * queries. Any other string: the page for which the `key` option returned it. If the cache has no
   * tags, as a `RemoteCache`, only the page whose key the string is.
   * @throws UndercroftError - UNDERCROFT_OPTION_INVALID for a path, or with options, if the cache
   * has no tags; others as the cache does
   * @example
   * await pages.delete('/news/2')
   * await pages.delete('/news/2', { host: 'example.com', soft: true })
   */
  delete(target: string, options?: PurgePlaceOptions): Promise<void> {
    return this.#context.purger.delete(target, options)
  }

  /**
   * Purges all pages whose path begins with this prefix, as `delete` does. The prefix is cut after
   * its last slash, and after its sixth: `/news/20` purges what begins with `/news/`.
   *
   * @throws UndercroftError - UNDERCROFT_OPTION_INVALID if the cache has no tags
   * @example
   * pages.deletePrefix('/news/')
   * pages.deletePrefix('/', { host: 'example.com' })
   */
  deletePrefix(prefix: string, options?: PurgePlaceOptions): void {
    this.#context.purger.deletePrefix(prefix, options)
  }

  /**
   * Purges all pages that name a tag in `Cache-Tag`, `Surrogate-Key`, `xkey` or `Cache-Tags`, in
   * the same time for any number of pages. Otherwise the same as `delete`.
   *
   * @throws UndercroftError - UNDERCROFT_OPTION_INVALID if the cache has no tags
   * @example
   * pages.deleteTag('article:7')
   * pages.deleteTag('article:7', { soft: true })
   */
  deleteTag(tag: string, options?: PurgeOptions): void {
    this.#context.purger.deleteTags([tag], options)
  }

  /** Purges the pages of several tags. See `deleteTag`. */
  deleteTags(tags: Iterable<string>, options?: PurgeOptions): void {
    this.#context.purger.deleteTags(tags, options)
  }
}
