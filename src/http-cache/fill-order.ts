/**
 * What a fill is asked to do, and what it decides.
 */

import type { Answer } from '../http-message/index.ts'
import type { Lease } from '../single-flight/index.ts'
import type { CacheRequest } from './cache-request.ts'
import type { CacheStatus, ForwardReason } from './cache-status.ts'
import type { Found } from './page-store.ts'

/** A request and the key of its page. */
export interface Query {
  readonly request: CacheRequest
  readonly baseKey: string
  /** The generation of the store before it was asked for the page. */
  readonly madeAt: number
}

/** Why and for which item the application is asked. */
export interface FillOrder {
  readonly place: Found
  readonly lease: Lease
  readonly forward: ForwardReason
}

/** What to do with the application's response once its head is known. */
export type HeadDecision =
  /** Send it, and pass the body to `finish`. `isNotModified`: send 304 without the body instead. */
  | {
      readonly kind: 'store'
      readonly status: CacheStatus
      readonly isNotModified: boolean
      /** Vary must name Accept-Encoding: later clients may get the page in a content coding. */
      readonly variesByCoding: boolean
    }
  /** Send it; the fill is over. */
  | { readonly kind: 'pass'; readonly status: CacheStatus }
  /** Drop it except for its cookies, and send this answer. */
  | { readonly kind: 'replace'; readonly answer: Answer }

/** The client's conditions are about its own copy; those of the cache replace them. */
export const CLIENT_CONDITIONS = ['if-none-match', 'if-modified-since']
