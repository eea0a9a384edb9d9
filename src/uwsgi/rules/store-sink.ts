/**
 * Storing a response in a cache: whether it may be stored, and the body as it is and compressed.
 */

import { promisify } from 'node:util'
import { gzip, gzipSync } from 'node:zlib'
import type { CacheKey } from '../../base/index.ts'
import type { ResponseHead, ResponseSink } from './response-sink.ts'
import type { RouteCache, StoreLease } from './rule-context.ts'

/** The part of a rule that decides whether it stores a response. */
export interface StorePolicy {
  readonly statusCodes: readonly number[]
  readonly isForced: boolean
  readonly isForAnyMethod: boolean
  /** The key names the user, so credentials do not prevent storing. */
  readonly isForOneUser: boolean
}

/**
 * Decides whether cachestore may keep a response.
 *
 * uWSGI checks only the status. A response made for one user must not be given to others, so a
 * response that says so is not stored here, unless the rule has `force`.
 */
export function isStorable(head: ResponseHead, policy: StorePolicy): boolean {
  if (!policy.statusCodes.includes(head.statusCode)) return false
  if (!policy.isForAnyMethod && head.method !== 'GET') return false
  if (policy.isForced) return true
  const directives = directivesOf(head.cacheControl)
  if (directives.has('private') || directives.has('no-store') || head.hasSetCookie) return false
  // The rule that serves the item names its coding, if there is one: usually none.
  if (head.contentEncoding !== '' && head.contentEncoding !== 'identity') return false
  return !head.hasAuthorization || policy.isForOneUser || isForEveryone(directives)
}

/**
 * Decides the same before there is a response.
 *
 * @returns false if no response could be stored, or only one that explicitly allows it
 */
export function isLikelyStorable(
  { method, hasAuthorization }: Pick<ResponseHead, 'method' | 'hasAuthorization'>,
  policy: StorePolicy,
): boolean {
  if (!policy.isForAnyMethod && method !== 'GET') return false
  return policy.isForced || policy.isForOneUser || !hasAuthorization
}

/** RFC 9111 section 3.5: what lets a shared cache store a response to credentials. */
function isForEveryone(directives: ReadonlySet<string>): boolean {
  return ['public', 's-maxage', 'must-revalidate'].some(name => directives.has(name))
}

/** RFC 9111 section 5.2: the names without their arguments. A quoted comma only adds names. */
function directivesOf(cacheControl: string): ReadonlySet<string> {
  const parts = cacheControl.toLowerCase().split(',')
  return new Set(parts.map(part => part.split('=', 1)[0]?.trim() ?? ''))
}

/** One cachestore rule, filled in for a request. */
export interface StoreOrder {
  readonly cache: RouteCache
  readonly key: CacheKey
  readonly gzipKey: CacheKey | undefined
  /** Stored instead of the body. */
  readonly value: string | Uint8Array | undefined
  readonly ttlMs: number
  readonly wants: (head: ResponseHead) => boolean
  /** Held while other requests wait for the response. */
  readonly lease: StoreLease | undefined
  readonly log: (line: string) => void
}

/** Larger bodies go to the client only, even if the cache would take them. */
const MAX_BODY_SIZE = 64 * 1024 * 1024

/** Bodies up to this size are compressed at once, so that the next request finds them. */
const SMALL_SIZE = 64 * 1024

const gzipLater = promisify(gzip)

/** A response that is not stored is not a failure: too large, full and unknown are silent. */
export class StoreSink implements ResponseSink {
  readonly maxBodySize: number
  readonly #order: StoreOrder

  constructor(order: StoreOrder) {
    this.#order = order
    const isBodyStored = order.value === undefined
    this.maxBodySize = isBodyStored ? Math.min(order.cache.maxValueSize, MAX_BODY_SIZE) : 0
  }

  wants(head: ResponseHead): boolean {
    const isWanted = this.#order.wants(head)
    if (!isWanted) this.miss()
    return isWanted
  }

  miss(): void {
    this.#order.lease?.end(false)
  }

  take(body: Buffer): void {
    const { key, gzipKey, lease } = this.#order
    const value = this.#order.value ?? body
    if (value.length === 0) {
      this.miss()
      return
    }
    const isStored = this.#store(key, value)
    lease?.end(isStored)
    if (gzipKey === undefined) return
    const bytes = typeof value === 'string' ? Buffer.from(value) : value
    if (bytes.length <= SMALL_SIZE) this.#store(gzipKey, gzipSync(bytes))
    else this.#finish(gzipLater(bytes).then(coded => this.#store(gzipKey, coded)))
  }

  /** @returns false if the cache has no room for the value */
  #store(key: CacheKey, value: string | Uint8Array): boolean {
    const { cache, ttlMs } = this.#order
    const outcome = cache.store(key, { value, mode: 'set', ttlMs })
    if (outcome instanceof Promise) this.#finish(outcome)
    return outcome !== null
  }

  /** Lets the work finish without waiting for it. */
  #finish(work: Promise<unknown>): void {
    work.catch(error => this.#order.log(`[uwsgi-route] cachestore failed: ${error}`))
  }
}
