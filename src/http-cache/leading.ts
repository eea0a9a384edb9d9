/**
 * One request that asks the application for all others, and stores what comes.
 *
 * The server's side (listener.ts, fetch-handler.ts) tells the head and the body; this decides what
 * becomes of them. However it ends, the lease ends, or those who wait would wait in vain.
 */

import { isNotModified, NO_LENGTH_STATUSES, sameOpaque } from '../http-message/index.ts'
import type { Lease } from '../single-flight/index.ts'
import { askerOf, type CacheRequest } from './cache-request.ts'
import type { CacheStatus, ForwardReason } from './cache-status.ts'
import { isUsableOnError } from './freshness.ts'
import type { ResolvedHttpOptions } from './options.ts'
import { decodedHead, findField, keptMs, mergeFields, pageHead, withBody } from './page-head.ts'
import type { Found, PageStore } from './page-store.ts'
import { PreparedHead } from './prepared-page.ts'
import type { PageHead } from './record.ts'
import { assess, combine, namesIn, type ResponseHead } from './storing.ts'

/** The cache's parts, as all that handles requests uses them. */
export interface Site {
  readonly options: ResolvedHttpOptions
  readonly store: PageStore
}

/** A request with what was found out about it. */
export interface Query {
  readonly request: CacheRequest
  readonly baseKey: string
}

/** A page ready to answer with. */
export interface ReadyPage {
  readonly page: PreparedHead
  readonly body: Buffer
}

/** What to do with the application's response once its head is known. */
export type HeadDecision =
  /** Send it on, and tell the body to `finish`. `isNotModified`: send 304 instead, without it. */
  | { readonly kind: 'store'; readonly status: CacheStatus; readonly isNotModified: boolean }
  /** Send it on; there is no more to tell. */
  | { readonly kind: 'pass'; readonly status: CacheStatus }
  /** Drop it but for its cookies, and answer with this page. */
  | { readonly kind: 'replace'; readonly status: CacheStatus; readonly ready: ReadyPage }

/** A page that still lacks its body. */
interface Pending {
  readonly head: PageHead
  readonly varyNames: readonly string[]
  readonly announced: string | undefined
}

/** The client's own, about what it has; those of the cache take their place. */
export const CLIENT_CONDITIONS = ['if-none-match', 'if-modified-since']

/** For how long nobody waits for what was not stored. */
const PASS_MS = 10_000
const PASS_AFTER_ERROR_MS = 1000

/** RFC 5861 section 4. */
const ERROR_STATUSES = new Set([500, 502, 503, 504])

export class Leading {
  readonly #site: Site
  readonly #query: Query
  readonly #place: Found
  readonly #lease: Lease
  readonly #forward: ForwardReason
  /** The stale page, if there is one. */
  readonly #stale: ReadyPage | undefined
  /** Resolves when all is done, whatever came of it. */
  readonly over: Promise<void>
  #isOver: () => void = () => {}
  #isEnding = false
  #pending: Pending | undefined

  constructor(site: Site, query: Query, place: Found, lease: Lease, forward: ForwardReason) {
    this.#site = site
    this.#query = query
    this.#place = place
    this.#lease = lease
    this.#forward = forward
    this.#stale = place.kind === 'page' ? place : undefined
    this.over = new Promise(resolve => {
      this.#isOver = resolve
    })
  }

  /**
   * The conditions to send to the application in place of the client's: it must not answer 304 to
   * a page that is not here, and may to one that is.
   */
  get conditions(): readonly (readonly [name: string, value: string])[] {
    const head = this.#stale?.page.head
    if (head === undefined || head.status !== 200) return []
    const etag = head.hasOwnEtag ? undefined : findField(head, 'etag')
    const lastModified = findField(head, 'last-modified')
    return [
      ...(etag === undefined ? [] : [['if-none-match', etag] as const]),
      ...(lastModified === undefined ? [] : [['if-modified-since', lastModified] as const]),
    ]
  }

  /**
   * The application's answer before its body; to be told once.
   *
   * @param fields - those of `head` that belong to the page and not to this one answer
   */
  onHead(head: ResponseHead, fields: ResponseHead['fields'] = head.fields): HeadDecision {
    const nowMs = this.#site.options.clock.nowMs()
    if (this.#stale !== undefined && head.status === 304 && this.conditions.length > 0) {
      return this.#freshen(this.#stale, { ...head, fields }, nowMs)
    }
    const instead = ERROR_STATUSES.has(head.status) ? this.onError(head.status) : undefined
    if (instead !== undefined) return instead
    const assessment = assess(head, askerOf(this.#query.request), this.#site.options, nowMs)
    if ('refusal' in assessment) return this.#refuse(assessment.refusal, head.status)
    const headers = combine(head.fields)
    const { lifetime } = assessment
    const page = pageHead({ ...head, fields }, lifetime, headers['cache-status'])
    if (page === undefined || Number(headers['content-length']) > this.maxBodySize) {
      return this.#refuse('too-large', head.status)
    }
    const announced = headers['content-length']
    this.#pending = { head: page, varyNames: namesIn(headers.vary), announced }
    const validators = { etag: headers.etag, lastModified: headers['last-modified'] }
    const hasIt =
      head.status === 200 && isNotModified(this.#query.request.header, validators, nowMs)
    const ttlSeconds = Math.floor((lifetime.freshMs - lifetime.ageMs) / 1000)
    const status = { forward: this.#forward, ttlSeconds, isStored: true }
    return { kind: 'store', status, isNotModified: hasIt }
  }

  get maxBodySize(): number {
    return this.#site.options.maxBodySize
  }

  /**
   * The whole body, after a decision to store.
   *
   * @param isDecoded - whether it lacks the coding that its header names
   */
  finish(body: Buffer, isDecoded?: (body: Buffer) => Promise<boolean>): Promise<void> {
    return this.#end(async () => {
      const pending = this.#pending
      if (pending === undefined || !isWhole(pending, body)) return
      const { head, varyNames } = pending
      const plain = (await isDecoded?.(body)) === true ? decodedHead(head) : head
      const sent = NO_LENGTH_STATUSES.has(head.status) ? body.subarray(0, 0) : body
      await this.#store(withBody(plain, sent), sent, varyNames)
    })
  }

  /** Not to be stored after all: the body is too large, or the head that was sent has cookies. */
  giveUp(detail: 'too-large' | 'set-cookie'): Promise<void> {
    return this.#end(() => this.#storePass(detail, PASS_MS))
  }

  get storesCookies(): boolean {
    return this.#site.options.alsoStore.has('set-cookie')
  }

  /** Nothing came, or not all of it: the next may try. */
  fail(): Promise<void> {
    return this.#end(async () => {})
  }

  /**
   * What to answer in place of an error; undefined: there is nothing that may be used, and `fail`
   * is still to be called.
   *
   * @param status - what the application answered, if it did
   */
  onError(status?: number): HeadDecision | undefined {
    const nowMs = this.#site.options.clock.nowMs()
    const stale = this.#stale
    if (stale === undefined || !isUsableOnError(stale.page.lifetime, nowMs)) return undefined
    // For a moment it counts as usable: else all who wait would ask in turn, in vain.
    const lifetime = { ...stale.page.lifetime, retryAtMs: nowMs + PASS_AFTER_ERROR_MS }
    this.#storeAgain({ ...stale.page.head, lifetime }, stale.body)
    const answered = status === undefined ? {} : { forwardStatus: status }
    return { kind: 'replace', status: { forward: this.#forward, ...answered }, ready: stale }
  }

  /** RFC 9111 section 4.3.4. */
  #freshen(stale: ReadyPage, head: ResponseHead, nowMs: number): HeadDecision {
    const { head: page } = stale.page
    const { etag } = combine(head.fields)
    const fields = mergeFields(page, head)
    const current = { status: page.status, reason: page.reason, fields }
    const assessment = assess(current, askerOf(this.#query.request), this.#site.options, nowMs)
    const isSame = etag === undefined || sameOpaque(etag, findField(page, 'etag') ?? '')
    const fresh =
      isSame && 'lifetime' in assessment
        ? pageHead(current, assessment.lifetime, page.cacheStatus)
        : undefined
    const status = { forward: this.#forward, forwardStatus: 304 }
    if (fresh === undefined) {
      void this.#end(() => this.#storePass('no-freshness', PASS_MS))
      return { kind: 'replace', status, ready: stale }
    }
    const { hasOwnEtag, bodySize } = page
    const freshHead = { ...fresh, hasOwnEtag, bodySize }
    this.#storeAgain(freshHead, stale.body)
    const ready = { page: new PreparedHead(freshHead), body: stale.body }
    return { kind: 'replace', status: { ...status, isStored: true }, ready }
  }

  #refuse(detail: string, status: number): HeadDecision {
    const passMs = status >= 500 ? PASS_AFTER_ERROR_MS : PASS_MS
    void this.#end(() => this.#storePass(detail, passMs))
    return { kind: 'pass', status: { forward: this.#forward, detail } }
  }

  #storeAgain(head: PageHead, body: Buffer): void {
    void this.#end(() => this.#store(head, body, namesIn(findField(head, 'vary'))))
  }

  async #store(head: PageHead, body: Buffer, varyNames: readonly string[]): Promise<void> {
    if (!(await this.#lease.isHeld())) return
    const { request, baseKey } = this.#query
    const page = { head, body, varyNames, keepMs: keptMs(head, this.#site.options.clock.nowMs()) }
    if (await this.#site.store.storePage(baseKey, request, this.#place.vary, page)) return
    await this.#storePass('full', PASS_AFTER_ERROR_MS)
  }

  async #storePass(detail: string, passMs: number): Promise<void> {
    if (!(await this.#lease.isHeld())) return
    const untilMs = this.#site.options.clock.nowMs() + passMs
    const isForCredentials = detail === 'authorization' || detail === 'cookie'
    const pass = { kind: 'pass', untilMs, detail, isForCredentials } as const
    await this.#site.store.storePass(this.#place.itemKey, pass)
  }

  /** The first end counts. Storing may fail; the lease ends all the same. */
  async #end(work: () => Promise<void>): Promise<void> {
    if (this.#isEnding) return this.over
    this.#isEnding = true
    try {
      await work()
    } catch (error) {
      this.#site.options.onError(error)
    } finally {
      await this.#lease.end()
      this.#isOver()
    }
  }
}

/** A body cut short is not stored. With a coding, Content-Length may be that of other bytes. */
function isWhole({ announced, head }: Pending, body: Buffer): boolean {
  const isCoded = findField(head, 'content-encoding') !== undefined
  return announced === undefined || isCoded || announced === String(body.length)
}
