/**
 * Compressed copies of stored pages.
 *
 * A page is stored as the application sent it. A copy in another content coding is an item of its
 * own, made once for all processes, behind an answer without it. It is used only while the page has
 * the body that it was made of, and may be evicted at any time.
 */

import { promisify } from 'node:util'
import zlib from 'node:zlib'
import type { Awaitable, CacheLike, Clock, StoredItem } from '../base/index.ts'
import { type CodingChoice, chooseCoding } from '../http-message/index.ts'
import type { SingleFlight } from '../single-flight/index.ts'
import type { CacheRequest } from './cache-request.ts'
import type { ReadyPage } from './page-store.ts'
import { keptMs } from './stored-head.ts'
import { findField, type PageHead, type StoredResponse } from './stored-response.ts'

/** The content codings that an `HttpCache` can make. */
export const CODINGS = ['br', 'zstd', 'gzip'] as const

/** The codings of compressed copies, by their names in `Accept-Encoding`. */
export type ContentCoding = (typeof CODINGS)[number]

type Compress = (bytes: Buffer) => Promise<Buffer>

/** `ucc1`, the hash of the plain body, and the compressed body, unless that is hardly smaller. */
const MARK = Buffer.from('ucc1')
const HASH_SIZE = 16
const BODY_OFFSET = MARK.length + HASH_SIZE

/** Shorter bodies fit into one packet. */
const MIN_SIZE = 1024
/** A copy that is not much smaller is not worth the time that clients need to expand it. */
const WORTHWHILE = 0.9

/** Others wait for a later answer. Node compresses in four threads, which files need as well. */
const MAX_COMPRESSIONS = 2

/** Clients send few different fields, and each hit has one. */
const MAX_CHOICES = 200

/** A level in the middle: a page is compressed once, and sent often. */
const BROTLI_QUALITY = 5

const STATUSES = new Set([200, 203, 404, 410])

const COMPRESSIBLE =
  /^(?:text\/|[^;]*[+/](?:json|xml|javascript|wasm|x-ndjson)\b|image\/(?:bmp|x-icon)|font\/[ot]tf)/i

/** Fields about the bytes of a body, which another coding would make wrong. */
const DIGEST_FIELDS = ['content-encoding', 'content-md5', 'digest', 'content-digest', 'repr-digest']

/** @returns the codings of a list that this version of Node.js can make */
export function availableCodings(codings: readonly ContentCoding[]): ContentCoding[] {
  return codings.filter(coding => compressorOf(coding) !== undefined)
}

/** @returns whether a page may get copies in other codings, if its body is long enough */
export function isCodable(head: PageHead): boolean {
  if (!STATUSES.has(head.status)) return false
  if (DIGEST_FIELDS.some(name => findField(head, name) !== undefined)) return false
  const mayTransform = !/\bno-transform\b/i.test(findField(head, 'cache-control') ?? '')
  return mayTransform && COMPRESSIBLE.test(findField(head, 'content-type') ?? '')
}

/** @returns whether a page of this size gets copies */
export function isWorthCoding(head: PageHead, size: number): boolean {
  return size >= MIN_SIZE && isCodable(head)
}

export interface CodedCopiesOptions {
  readonly cache: CacheLike
  readonly clock: Clock
  readonly compress: readonly ContentCoding[]
  readonly onError: (error: unknown) => void
}

/** A page, and where it is. */
export type PlacedPage = ReadyPage & { readonly itemKey: string }

export class CodedCopies {
  readonly #options: CodedCopiesOptions
  readonly #singleFlight: SingleFlight
  readonly #choices = new Map<string, CodingChoice>()
  #compressionCount = 0

  constructor(options: CodedCopiesOptions, singleFlight: SingleFlight) {
    this.#options = options
    this.#singleFlight = singleFlight
  }

  /**
   * @returns the page in the coding that the client wants; the page itself if there is no copy yet,
   * or if it needs none. A copy that is missing is made in the background.
   */
  select(page: PlacedPage, request: CacheRequest): Awaitable<ReadyPage> {
    const { coding, refusesPlain } = this.#choose(page.page, request)
    if (coding === undefined) return page
    const key = `${page.itemKey}~${coding}`
    const item = this.#options.cache.getItem(key)
    const decide = (found: StoredItem | undefined): Awaitable<ReadyPage> => {
      const copy = bodyOf(found, page.page.head)
      if (copy !== undefined) return coded(page, coding, copy)
      const making = this.#make(key, coding, page)
      return refusesPlain ? making.then(made => coded(page, coding, made)) : page
    }
    return item instanceof Promise ? item.then(decide) : decide(item)
  }

  /** A part of a page is taken from the page itself, so that parts of several requests fit. */
  #choose({ head }: StoredResponse, { header }: CacheRequest): CodingChoice {
    const accepted = header('accept-encoding') ?? ''
    const isForPlain =
      head.bodyHash === undefined ||
      header('range') !== undefined ||
      header('cache-control')?.includes('no-transform') === true
    if (isForPlain) return chooseCoding(undefined, [])
    const known = this.#choices.get(accepted)
    if (known !== undefined) return known
    if (this.#choices.size >= MAX_CHOICES) this.#choices.clear()
    const choice = chooseCoding(accepted, this.#options.compress)
    this.#choices.set(accepted, choice)
    return choice
  }

  /** @returns the compressed body; undefined if another process makes it, or if it fails */
  async #make(key: string, coding: string, { page, body }: ReadyPage): Promise<Buffer | undefined> {
    const compress = compressorOf(coding)
    if (compress === undefined || this.#compressionCount >= MAX_COMPRESSIONS) return undefined
    this.#compressionCount++
    try {
      const lease = await this.#singleFlight.tryAcquire(key)
      if (lease === undefined) return undefined
      try {
        const found = bodyOf(await this.#options.cache.getItem(key), page.head)
        if (found !== undefined) return found
        const compressed = await compress(body)
        const copy = compressed.length > body.length * WORTHWHILE ? Buffer.alloc(0) : compressed
        const bytes = Buffer.concat([MARK, hashOf(page.head), copy])
        const ttlMs = Math.max(0, keptMs(page.head, this.#options.clock.nowMs()))
        await this.#options.cache.setItem(key, { bytes }, { ttlMs })
        return copy
      } finally {
        await lease.end()
      }
    } catch (error) {
      this.#options.onError(error)
      return undefined
    } finally {
      this.#compressionCount--
    }
  }
}

function coded(page: ReadyPage, coding: string, copy: Buffer | undefined): ReadyPage {
  if (copy === undefined || copy.length === 0) return page
  return { page: page.page.coded(coding, copy.length), body: copy }
}

/** @returns undefined if the item is not a copy of this page's body */
function bodyOf(item: StoredItem | undefined, head: PageHead): Buffer | undefined {
  if (item === undefined || item.bytes.length < BODY_OFFSET) return undefined
  const isCopy =
    item.bytes.subarray(0, MARK.length).equals(MARK) &&
    item.bytes.subarray(MARK.length, BODY_OFFSET).equals(hashOf(head))
  return isCopy ? item.bytes.subarray(BODY_OFFSET) : undefined
}

function hashOf({ bodyHash = '' }: PageHead): Buffer {
  return Buffer.from(bodyHash, 'base64url')
}

function compressorOf(coding: string): Compress | undefined {
  switch (coding) {
    case 'br':
      return body => brotliCompress(body, brotliOptions(body.length))
    case 'gzip':
      return gzip
    case 'zstd':
      return zstdCompress
  }
  return undefined
}

const brotliCompress = promisify(zlib.brotliCompress)
const gzip = promisify(zlib.gzip) as Compress

/** Node.js has it from 22.15 and 23.8. */
const zstdOfNode = (zlib as { readonly zstdCompress?: typeof zlib.gzip }).zstdCompress
const zstdCompress = zstdOfNode && (promisify(zstdOfNode) as Compress)

function brotliOptions(size: number): zlib.BrotliOptions {
  const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_SIZE_HINT } = zlib.constants
  return { params: { [BROTLI_PARAM_QUALITY]: BROTLI_QUALITY, [BROTLI_PARAM_SIZE_HINT]: size } }
}
