/**
 * The options of an `HttpCache`, as callers give them and as they are used.
 */

import type { CacheLike, Clock } from '../base/index.ts'
import type { CacheRequest } from './cache-request.ts'
import type { CacheLabel } from './cache-status.ts'
import type { ContentCoding } from './coded-copies.ts'
import type { PurgeAccess, ResolvedPurgeAccess } from './purge-requests.ts'
import type { RefusedByDefault } from './storability.ts'

/** The cache of an `HttpCache`, and how it is used. */
export interface HttpCacheOptions {
  /** The cache for the pages: a `Cache`, a `RemoteCache`, or any object with their methods. */
  readonly cache: CacheLike
  /**
   * Returns the key of a page; undefined: the request is passed to the application. Also called for
   * unsafe requests, to find the page that they change. Everything that the application makes its
   * response from must be in the key, or be named by `Vary`. @default the URL, and
   * the fields of proxies
   */
  readonly key?: (request: CacheRequest) => string | undefined
  /**
   * For how many milliseconds a response with status 200 stays fresh that says nothing about its
   * freshness. Does not apply to requests with cookies or Authorization. 0: such responses are not
   * stored. @default 0
   */
  readonly defaultTtlMs?: number | undefined
  /**
   * For how long a response stays fresh that has `Last-Modified` and says nothing about its
   * freshness, as a part of the time since then: 0 to 1, and at most a day. RFC 9111 suggests 0.1.
   * Applies before `defaultTtlMs` and to the same requests. 0: no heuristics. @default 0
   */
  readonly heuristicFraction?: number | undefined
  /**
   * For how many milliseconds a stale page replaces an error of the application, if the page
   * neither has `stale-if-error` nor forbids stale use. 0: not at all. @default 0
   */
  readonly staleIfErrorMs?: number | undefined
  /**
   * Response fields that this cache obeys instead of Cache-Control and Expires (RFC 9213), the
   * strongest first. @default ['undercroft-cdn-cache-control', 'cdn-cache-control']
   */
  readonly targetedFields?: readonly string[] | undefined
  /** Largest body to store, in bytes; at most what the cache takes. @default 1 MiB */
  readonly maxBodySize?: number | undefined
  /**
   * Most variants of one page that differs by `Vary`, 1 to 1000. Beyond, the oldest is deleted.
   * @default 32
   */
  readonly maxVariants?: number | undefined
  /**
   * Kinds of responses to store that are refused by default. `authorization`: responses to requests
   * with that field; `set-cookie`: the response without its cookies; `errors`: responses of any
   * status from 400 to 599 that say how long they are fresh. @default []
   */
  readonly alsoStore?: readonly RefusedByDefault[] | undefined
  /**
   * Most milliseconds to wait while another request, in any process, asks the application for the
   * same page; up to 600000. @default 5000
   */
  readonly waitMs?: number | undefined
  /**
   * Most milliseconds for a refresh after the client was answered (`stale-while-revalidate`), 1 to
   * 600000. A longer one is abandoned and reported to `onError`, and the next request refreshes the
   * page. @default 30000
   */
  readonly refreshTimeoutMs?: number | undefined
  /**
   * Ignore Cache-Control and Pragma of requests, by which any client can have the application asked
   * again: only the application decides how long a page is used. @default false
   */
  readonly ignoreClientCacheControl?: boolean | undefined
  /**
   * Content codings in which pages are sent to clients that accept them, the preferred one first:
   * of `br`, `zstd` and `gzip`. A page is compressed once, behind an answer without the coding, and
   * the application is asked for pages without any. Codings that this version of Node.js cannot
   * make are ignored: `zstd` needs 22.15 or 23.8. @default []
   */
  readonly compress?: readonly ContentCoding[] | undefined
  /**
   * Removes the fields with tags (`Cache-Tag`, `Surrogate-Key`, `xkey`, `Cache-Tags`) from what
   * clients get. @default false
   */
  readonly hideTags?: boolean | undefined
  /**
   * Who may purge pages by requests with the method PURGE. Without this option the application gets
   * such requests. @default no client
   */
  readonly purge?: PurgeAccess | undefined
  /** The name of this cache in Cache-Status; false: omit the field. @default 'undercroft' */
  readonly cacheStatus?: string | false | undefined
  /**
   * Adds the key of the page to Cache-Status. Keys may show what clients should not know. @default
   * false
   */
  readonly cacheStatusKey?: boolean | undefined
  /**
   * Called when the cache fails, or a background refresh. The application answers clients in any
   * case. @default one warning of the process
   */
  readonly onError?: ((error: unknown) => void) | undefined
  /** The source of the time, which tests replace. @default the system's clock */
  readonly clock?: Clock | undefined
}

export interface ResolvedHttpOptions {
  readonly cache: CacheLike
  readonly key: (request: CacheRequest) => string | undefined
  /** The keys are URLs, so the page of a URL in Location can be found. */
  readonly hasUrlKeys: boolean
  readonly defaultTtlMs: number
  readonly heuristicFraction: number
  readonly staleIfErrorMs: number
  /** In lower case. */
  readonly targetedFields: readonly string[]
  readonly maxBodySize: number
  readonly maxVariants: number
  readonly alsoStore: ReadonlySet<RefusedByDefault>
  readonly waitMs: number
  readonly refreshTimeoutMs: number
  readonly ignoreClientCacheControl: boolean
  readonly compress: readonly ContentCoding[]
  /** Undefined: the application gets PURGE requests. */
  readonly purge: ResolvedPurgeAccess | undefined
  /** Fields that clients do not get, in lower case. */
  readonly hiddenFields: readonly string[]
  readonly cacheStatus: CacheLabel | undefined
  readonly onError: (error: unknown) => void
  readonly clock: Clock
}

export const OPTION_NAMES = [
  'cache',
  'key',
  'defaultTtlMs',
  'heuristicFraction',
  'staleIfErrorMs',
  'targetedFields',
  'maxBodySize',
  'maxVariants',
  'alsoStore',
  'waitMs',
  'refreshTimeoutMs',
  'ignoreClientCacheControl',
  'compress',
  'hideTags',
  'purge',
  'cacheStatus',
  'cacheStatusKey',
  'onError',
  'clock',
] as const satisfies readonly (keyof HttpCacheOptions)[]
