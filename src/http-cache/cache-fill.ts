/**
 * A cache fill: one request asks the application for all who wait, and stores the response.
 *
 * The server's side (listener.ts, fetch-handler.ts) passes the head and the body on, and this class
 * decides what happens to them. However a fill ends, its lease ends as well, or other requests
 * would wait for nothing.
 */

import {
  type Answer,
  type BodyReceiver,
  type DecodedCheck,
  isNotModified,
  NO_LENGTH_STATUSES,
  sameOpaque,
} from '../http-message/index.ts'
import { credentialsOf } from './cache-request.ts'
import type { CacheStatus } from './cache-status.ts'
import { isCodable, isWorthCoding } from './coded-copies.ts'
import { NO_DIRECTIVES } from './directives.ts'
import { CLIENT_CONDITIONS, type FillOrder, type HeadDecision, type Query } from './fill-order.ts'
import type { HttpCacheContext } from './http-cache-context.ts'
import type { ReadyPage } from './page-store.ts'
import { responseTags } from './page-tags.ts'
import { combine, evaluateStorability, namesIn, type ResponseHead } from './storability.ts'
import { decodedHead, keptMs, mergeFields, pageHead, withBody } from './stored-head.ts'
import {
  findField,
  isUsableOnError,
  judge,
  type PageHead,
  StoredResponse,
} from './stored-response.ts'

/** A page that still lacks its body. */
interface Pending {
  readonly head: PageHead
  readonly varyNames: readonly string[]
  readonly announced: string | undefined
}

/** For how long requests do not wait for a response that was not stored. */
const PASS_MS = 10_000
const PASS_AFTER_ERROR_MS = 1000

/** RFC 5861 section 4. */
const ERROR_STATUSES = new Set([500, 502, 503, 504])

export class CacheFill implements BodyReceiver {
  readonly #context: HttpCacheContext
  readonly #query: Query
  readonly #order: FillOrder
  /** The stale page, if there is one. */
  readonly #stale: ReadyPage | undefined
  /** What was purged since is not stored. */
  readonly #madeAt: number
  /** Resolves when the fill is over, with or without a stored page. */
  readonly over: Promise<void>
  #isOver: () => void = () => {}
  #isEnding = false
  #pending: Pending | undefined

  constructor(context: HttpCacheContext, query: Query, order: FillOrder) {
    this.#context = context
    this.#query = query
    this.#order = order
    this.#stale = order.place.kind === 'page' ? order.place : undefined
    // A stale page may be stored again, so it counts from the moment at which it was looked up.
    this.#madeAt = this.#stale === undefined ? context.store.generation : query.madeAt
    this.over = new Promise(resolve => {
      this.#isOver = resolve
    })
  }

  /**
   * The conditions to send to the application in place of the client's. The application may answer
   * 304 to a page that is stored, and must not to one that is not.
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

  /** The fields of the request that the application does not get from the client. */
  get withheldFields(): readonly string[] {
    return this.#isCompressing ? [...CLIENT_CONDITIONS, 'accept-encoding'] : CLIENT_CONDITIONS
  }

  /**
   * Decides about the application's response. To be called once, before the body.
   *
   * @param fields - those fields of `head` that belong to the page and not to this one answer
   */
  onHead(head: ResponseHead, fields: ResponseHead['fields'] = head.fields): HeadDecision {
    const nowMs = this.#nowMs()
    if (this.#stale !== undefined && head.status === 304 && this.conditions.length > 0) {
      return this.#freshen(this.#stale, { ...head, fields }, nowMs)
    }
    const instead = ERROR_STATUSES.has(head.status) ? this.onError(head.status) : undefined
    if (instead !== undefined) return { kind: 'replace', answer: instead }
    const { request } = this.#query
    const credentials = credentialsOf(request)
    const verdict = evaluateStorability(head, credentials, this.#context.options, nowMs)
    if ('refusal' in verdict) return this.#refuse(verdict.refusal, head.status)
    const headers = combine(head.fields)
    const { lifetime } = verdict
    const more = { cacheStatus: headers['cache-status'], tags: responseTags(head.fields) ?? [] }
    const page = pageHead({ ...head, fields }, lifetime, this.#omitted(verdict), more)
    if (page === undefined || Number(headers['content-length']) > this.maxBodySize) {
      return this.#refuse('too-large', head.status)
    }
    const announced = headers['content-length']
    this.#pending = { head: page, varyNames: this.#varyNames(headers.vary), announced }
    const validators = { etag: headers.etag, lastModified: headers['last-modified'] }
    const hasIt = head.status === 200 && isNotModified(request.header, validators, nowMs)
    const ttlSeconds = Math.floor((lifetime.freshMs - lifetime.ageMs) / 1000)
    const status = { forward: this.#order.forward, ttlSeconds, isStored: true }
    const isNamed = namesIn(headers.vary).includes('accept-encoding')
    const variesByCoding = this.#isCompressing && isCodable(page) && !isNamed
    return { kind: 'store', status, isNotModified: hasIt, variesByCoding }
  }

  get maxBodySize(): number {
    return this.#context.options.maxBodySize
  }

  /** Takes the whole body, after a decision to store. */
  finish(body: Buffer, isDecoded?: DecodedCheck): Promise<void> {
    return this.#end(async () => {
      const pending = this.#pending
      if (pending === undefined || !isWhole(pending, body)) return
      const { head, varyNames } = pending
      const plain = (await isDecoded?.(body)) === true ? decodedHead(head) : head
      const sent = NO_LENGTH_STATUSES.has(head.status) ? body.subarray(0, 0) : body
      const isCoded = this.#isCompressing && isWorthCoding(plain, sent.length)
      await this.#store(withBody(plain, sent, isCoded), sent, varyNames)
    })
  }

  /** Ends the fill without a page: the body is too large, or the head that was sent has cookies. */
  giveUp(detail: string): Promise<void> {
    return this.#end(() => this.#storePass(detail, PASS_MS))
  }

  /** The application is asked for pages without a coding, and cannot differ by Accept-Encoding. */
  get #isCompressing(): boolean {
    return this.#context.options.compress.length > 0
  }

  get storesCookies(): boolean {
    return this.#context.options.alsoStore.has('set-cookie')
  }

  /** Ends the fill because the response did not come to its end. The next request may try. */
  fail(): Promise<void> {
    return this.#end(async () => {})
  }

  /**
   * Decides what to answer in place of an error.
   *
   * @param status - the status that the application answered, if it did
   * @returns undefined if no stored page may be used; then the fill is not over
   */
  onError(status?: number): Answer | undefined {
    const nowMs = this.#nowMs()
    const stale = this.#stale
    if (stale === undefined || !isUsableOnError(stale.page.lifetime, nowMs)) return undefined
    // The page counts as usable for a moment. Otherwise all who wait would ask, one after another.
    const lifetime = { ...stale.page.lifetime, retryAtMs: nowMs + PASS_AFTER_ERROR_MS }
    this.#storeAgain({ ...stale.page.head, lifetime }, stale.body)
    const answered = status === undefined ? {} : { forwardStatus: status }
    return this.#answerWith(stale, { forward: this.#order.forward, ...answered })
  }

  /** RFC 9111 section 4.3.4: the stored page, with the fields of a 304. */
  #freshen(stale: ReadyPage, head: ResponseHead, nowMs: number): HeadDecision {
    const { head: page } = stale.page
    const { options } = this.#context
    const { etag } = combine(head.fields)
    const fields = mergeFields(page, head, nowMs)
    const current = { status: page.status, reason: page.reason, fields }
    const credentials = credentialsOf(this.#query.request)
    const verdict = evaluateStorability(current, credentials, options, nowMs)
    const tags = responseTags(head.fields) ?? page.tags
    const isSame = etag === undefined || sameOpaque(etag, findField(page, 'etag') ?? '')
    const fresh =
      isSame && 'lifetime' in verdict
        ? pageHead(current, verdict.lifetime, this.#omitted(verdict), {
            cacheStatus: page.cacheStatus,
            tags,
          })
        : undefined
    const status = { forward: this.#order.forward, forwardStatus: 304 }
    if (fresh === undefined) {
      void this.#end(() => this.#storePass('no-freshness', PASS_MS))
      return { kind: 'replace', answer: this.#answerWith(stale, status) }
    }
    const { hasOwnEtag, bodySize } = page
    const bodyHash = isCodable(fresh) ? page.bodyHash : undefined
    const freshHead = { ...fresh, hasOwnEtag, bodySize, bodyHash }
    this.#storeAgain(freshHead, stale.body)
    const ready = { page: new StoredResponse(freshHead, options.cacheStatus), body: stale.body }
    return { kind: 'replace', answer: this.#answerWith(ready, { ...status, isStored: true }) }
  }

  /** Fields that are not stored with the page. */
  #omitted({ omitted }: { readonly omitted: ReadonlySet<string> }): ReadonlySet<string> {
    return new Set([...omitted, ...this.#context.options.hiddenFields])
  }

  #varyNames(vary: string | undefined): string[] {
    return namesIn(vary).filter(name => name !== 'accept-encoding' || !this.#isCompressing)
  }

  #answerWith({ page, body }: ReadyPage, status: CacheStatus): Answer {
    return page.answer(this.#query.request, body, status, this.#nowMs())
  }

  #refuse(detail: string, status: number): HeadDecision {
    const passMs = status >= 500 ? PASS_AFTER_ERROR_MS : PASS_MS
    void this.#end(() => this.#storePass(detail, passMs))
    return { kind: 'pass', status: { forward: this.#order.forward, detail } }
  }

  #storeAgain(head: PageHead, body: Buffer): void {
    void this.#end(() => this.#store(head, body, this.#varyNames(findField(head, 'vary'))))
  }

  async #store(head: PageHead, body: Buffer, varyNames: readonly string[]): Promise<void> {
    const { lease, place } = this.#order
    if (!(await lease.isHeld())) return
    const { request, baseKey } = this.#query
    const keepMs = keptMs(head, this.#nowMs())
    const page = { head, body, varyNames, keepMs, madeAt: this.#madeAt }
    const outcome = await this.#context.store.storePage(baseKey, request, place.vary, page)
    if (outcome === 'full') await this.#storePass('full', PASS_AFTER_ERROR_MS)
  }

  /**
   * Stores a marker, but never over a page that is still usable: otherwise any client could remove
   * the page by a demand for a newer one that the application answers with an error. A marker that
   * says the same for half the time is left.
   */
  async #storePass(detail: string, passMs: number): Promise<void> {
    const { lease, place } = this.#order
    const nowMs = this.#nowMs()
    const untilMs = nowMs + passMs
    if (place.kind === 'page' && judge(place.page.lifetime, NO_DIRECTIVES, nowMs) === 'usable') {
      return
    }
    if (place.kind === 'pass' && place.pass.detail === detail) {
      if (place.pass.untilMs - nowMs > passMs / 2) return
    }
    if (!(await lease.isHeld())) return
    const isForCredentials = detail === 'authorization' || detail === 'cookie'
    const pass = { kind: 'pass', untilMs, detail, isForCredentials } as const
    await this.#context.store.storePass(place.itemKey, pass)
  }

  /** The first end counts. The lease ends even when storing fails. */
  async #end(work: () => Promise<void>): Promise<void> {
    if (this.#isEnding) return this.over
    this.#isEnding = true
    try {
      await work()
    } catch (error) {
      this.#context.options.onError(error)
    } finally {
      await this.#order.lease.end()
      this.#isOver()
    }
  }

  #nowMs(): number {
    return this.#context.options.clock.nowMs()
  }
}

/** A body cut short is not stored. With a coding, Content-Length may be that of other bytes. */
function isWhole({ announced, head }: Pending, body: Buffer): boolean {
  const isCoded = findField(head, 'content-encoding') !== undefined
  return announced === undefined || isCoded || announced === String(body.length)
}
