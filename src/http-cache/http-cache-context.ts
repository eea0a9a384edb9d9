/**
 * What all requests of one `HttpCache` share: its options, its pages, its leases and its limits.
 */

import { UndercroftError } from '../base/index.ts'
import { CopyBudget, type FieldReader } from '../http-message/index.ts'
import { SingleFlight } from '../single-flight/index.ts'
import type { CacheRequest } from './cache-request.ts'
import { type CacheStatus, formatCacheStatus } from './cache-status.ts'
import { CodedCopies } from './coded-copies.ts'
import type { ResolvedHttpOptions } from './options.ts'
import { PageStore } from './page-store.ts'
import { PurgeRequests } from './purge-requests.ts'
import { Purger } from './purger.ts'

/** Bytes of bodies on their way into the cache at once; more are not stored. */
const MAX_COPIED_SIZE = 64 * 1024 * 1024

/** Pages that are revalidated in the background at once; beyond, clients wait for the refresh. */
const MAX_BACKGROUND_REVALIDATIONS = 100

/** Fields with URLs that may have changed as well. */
const LOCATION_FIELDS = ['location', 'content-location']

/** A fill that runs after the client was answered. */
interface Revalidation {
  readonly over: Promise<void>
  fail(): Promise<void>
}

export class HttpCacheContext {
  readonly options: ResolvedHttpOptions
  readonly store: PageStore
  readonly singleFlight: SingleFlight
  readonly budget: CopyBudget
  /** Undefined: pages are sent in the coding in which they came. */
  readonly codedCopies: CodedCopies | undefined
  readonly purger: Purger
  /** Undefined: the application gets PURGE requests. */
  readonly purgeRequests: PurgeRequests | undefined
  #revalidationCount = 0

  constructor(options: ResolvedHttpOptions) {
    const { cache, clock, maxBodySize, onError } = options
    this.options = options
    this.store = new PageStore(options)
    this.singleFlight = new SingleFlight({ cache, clock, onError })
    this.budget = new CopyBudget(Math.max(MAX_COPIED_SIZE, maxBodySize))
    this.codedCopies =
      options.compress.length > 0 ? new CodedCopies(options, this.singleFlight) : undefined
    const invalidate = (key: string) => this.invalidate(key)
    this.purger = new Purger(this.store, invalidate, options.hasUrlKeys)
    this.purgeRequests = options.purge && new PurgeRequests(options.purge, this.purger, onError)
  }

  /** Whether the application may be asked for a page after the client was answered. */
  get canRevalidateInBackground(): boolean {
    return this.#revalidationCount < MAX_BACKGROUND_REVALIDATIONS
  }

  /**
   * Counts a revalidation until it is over, and ends it after `refreshTimeoutMs`. Otherwise an
   * application that hangs would keep the lease, and no request would refresh the page.
   *
   * @param abandon - stops the application's work
   */
  trackRevalidation(fill: Revalidation, abandon: () => void): void {
    const { refreshTimeoutMs, onError } = this.options
    this.#revalidationCount++
    const timer = setTimeout(() => {
      abandon()
      void fill.fail()
      const text = `a background refresh exceeds refreshTimeoutMs, ${refreshTimeoutMs} ms`
      onError(new UndercroftError('UNDERCROFT_TIMEOUT', text))
    }, refreshTimeoutMs)
    timer.unref()
    void fill.over.then(() => {
      clearTimeout(timer)
      this.#revalidationCount--
    })
  }

  /**
   * @param before - the field as caches before this one wrote it
   * @returns the value of Cache-Status; undefined if the field is turned off
   */
  statusText(
    request: CacheRequest,
    status: CacheStatus,
    before: string | undefined,
  ): string | undefined {
    const { cacheStatus: label } = this.options
    return label && formatCacheStatus(label, request, status, before)
  }

  /**
   * Removes the page of a key, and keeps responses that are being made from being stored.
   */
  async invalidate(key: string): Promise<void> {
    const baseKey = this.store.baseKey(key)
    // Both at once: a client that sees the answer to a change must not see the old page after it.
    await Promise.all([this.singleFlight.revoke(baseKey), this.store.delete(baseKey)])
  }

  /**
   * Removes the pages that an unsafe request may have changed, RFC 9111 section 4.4, unless the
   * request failed. Begins at once, and reports errors to `onError`.
   */
  async invalidateAfter(
    request: CacheRequest,
    response: { readonly status: number; readonly header: FieldReader },
  ): Promise<void> {
    if (response.status < 200 || response.status >= 400) return
    const { options } = this
    try {
      const key = options.key(request)
      const keys = key === undefined ? [] : [key]
      if (options.hasUrlKeys) keys.push(...locations(request, response.header))
      await Promise.all(keys.map(changed => this.invalidate(changed)))
    } catch (error) {
      options.onError(error)
    }
  }
}

/** Only URLs of the same origin: other origins have no say about the pages of this one. */
function locations({ url }: CacheRequest, header: FieldReader): string[] {
  return LOCATION_FIELDS.flatMap(name => {
    const value = header(name)
    const target = value === undefined ? undefined : parseUrl(value, url)
    if (target === undefined || target.origin !== parseUrl(url, url)?.origin) return []
    target.hash = ''
    return [target.href]
  })
}

function parseUrl(text: string, base: string): URL | undefined {
  try {
    return new URL(text, base)
  } catch {
    return undefined
  }
}
