/**
 * The items under which pages are stored: one for a key, or, when the response differs by request
 * fields (RFC 9111 section 4.1), one that names those fields and one more for each variant.
 */

import { createHash, randomBytes } from 'node:crypto'
import {
  type Awaitable,
  type CacheLike,
  type Clock,
  type StoredItem,
  TAGGED_ITEMS,
  type TaggedItem,
  type TaggedItems,
  type TaggedOutcome,
  type WithTaggedItems,
} from '../base/index.ts'
import type { CacheRequest } from './cache-request.ts'
import type { CacheLabel } from './cache-status.ts'
import { normalHost, PageTags, placeOfUrl } from './page-tags.ts'
import { type PageHead, StoredResponse, softPurged } from './stored-response.ts'
import {
  type DecodedItem,
  encodeItem,
  type ParsedHead,
  ParsedHeadCache,
  type PassHead,
  type VaryHead,
} from './stored-response-codec.ts'

/** A page, ready to answer with. */
export interface ReadyPage {
  readonly page: StoredResponse
  readonly body: Buffer
}

/** What the store has for a request, and the item's key, even if there is no item. */
export type Found = Place &
  (
    | ({ readonly kind: 'page' } & ReadyPage)
    | { readonly kind: 'pass'; readonly pass: PassHead }
    | { readonly kind: 'none' }
  )

export interface Place {
  readonly itemKey: string
  /** The page differs by request fields, and the place is that of one variant. */
  readonly vary: VaryHead | undefined
}

/** A page on its way into the cache. */
export interface NewPage {
  readonly head: PageHead
  readonly body: Buffer
  readonly varyNames: readonly string[]
  readonly keepMs: number
  /** The generation of the store before the page was made. */
  readonly madeAt: number
}

const PREFIX = 'page:'
/** A key that is too long is replaced by its digest. */
const DIGEST_SIZE = 43 // SHA-256 in base64url
/** `#`, the id, `:`, a digest of the fields' values, the coding of a copy, and a lease's prefix. */
const VARIANT_SIZE = 1 + 8 + 1 + DIGEST_SIZE + '~zstd'.length + 'lease:'.length

/** Shorter keys have no room for these parts. */
export const MIN_KEY_SIZE = PREFIX.length + DIGEST_SIZE + VARIANT_SIZE

/** A remote cache does not say which keys it takes. Ours take this size by default. */
const USUAL_MAX_KEY_SIZE = 256

const MAX_VARY_NAMES = 16

/** RFC 9110 sections 12.5.2 to 12.5.4. */
const CASELESS_FIELDS = new Set(['accept-charset', 'accept-encoding', 'accept-language'])

export interface PageStoreOptions {
  readonly cache: CacheLike
  readonly clock: Clock
  readonly maxVariants: number
  /** The name of the HTTP cache in Cache-Status; undefined: answers do not have that field. */
  readonly cacheStatus: CacheLabel | undefined
}

export class PageStore {
  /** Undefined: the cache has no tags, and pages are purged only by their keys. */
  readonly pageTags: PageTags | undefined
  readonly #cache: CacheLike
  readonly #tagged: TaggedItems | undefined
  readonly #label: CacheLabel | undefined
  readonly #clock: Clock
  readonly #heads: ParsedHeadCache
  readonly #maxVariants: number
  readonly #maxBaseSize: number

  constructor({ cache, clock, maxVariants, cacheStatus }: PageStoreOptions) {
    const tagged = (cache as WithTaggedItems)[TAGGED_ITEMS]
    this.#cache = cache
    this.#tagged = tagged !== undefined && tagged.maxTags > 0 ? tagged : undefined
    this.pageTags = this.#tagged && new PageTags(this.#tagged.maxTags)
    this.#label = cacheStatus
    this.#heads = new ParsedHeadCache(cacheStatus)
    this.#clock = clock
    this.#maxVariants = maxVariants
    this.#maxBaseSize = (cache.maxKeySize ?? USUAL_MAX_KEY_SIZE) - VARIANT_SIZE
  }

  /** @returns the item's key for a key that the `key` option returned */
  baseKey(key: string): string {
    const full = PREFIX + key
    // A character has 3 bytes at most. Counting them would be the slowest part of this function.
    const fits =
      full.length * 3 <= this.#maxBaseSize || Buffer.byteLength(full) <= this.#maxBaseSize
    return fits ? full : PREFIX + digest(key)
  }

  /** A page that is made from now on may be stored with this number as its `madeAt`. */
  get generation(): number {
    return this.#tagged?.generation ?? 0
  }

  /** Deletes all pages with a tag of the cache; softly: they become stale. */
  deleteTag(tag: string, soft: boolean): void {
    this.#tagged?.deleteTag(tag, soft)
  }

  find(baseKey: string, request: CacheRequest): Awaitable<Found> {
    const item = this.#read(baseKey)
    if (item instanceof Promise) return item.then(late => this.#findIn(baseKey, request, late))
    return this.#findIn(baseKey, request, item)
  }

  #read(key: string): Awaitable<StoredItem | TaggedItem | undefined> {
    return this.#tagged === undefined ? this.#cache.getItem(key) : this.#tagged.getItem(key)
  }

  #findIn(baseKey: string, request: CacheRequest, item: StoredItem | undefined): Awaitable<Found> {
    const decoded = this.#decode(baseKey, item)
    if (decoded === undefined || !isVary(decoded.head)) return foundOf(baseKey, undefined, decoded)
    const vary = decoded.head
    const itemKey = variantKey(baseKey, vary, request)
    const read = (variant: StoredItem | undefined) =>
      foundOf(itemKey, vary, this.#decode(itemKey, variant))
    const variant = this.#read(itemKey)
    return variant instanceof Promise ? variant.then(read) : read(variant)
  }

  /**
   * Stores a page.
   *
   * @param lookedUpBy - the list of variants by which the request was looked up. If the cache has
   * another one by now, the page may be older than a change, and is not stored.
   * @returns `outdated` also if the page was purged meanwhile
   */
  async storePage(
    baseKey: string,
    request: CacheRequest,
    lookedUpBy: VaryHead | undefined,
    page: NewPage,
  ): Promise<TaggedOutcome> {
    const { varyNames, keepMs } = page
    const item = await this.#read(baseKey)
    const stored = this.#decode(baseKey, item)?.head
    const current = stored !== undefined && isVary(stored) ? stored : undefined
    if (lookedUpBy !== undefined && lookedUpBy.id !== current?.id) return 'outdated'
    if (current === undefined && varyNames.length === 0)
      return this.#setPage(baseKey, request, page)
    if (varyNames.length > MAX_VARY_NAMES) return 'full'
    const vary = withNames(current, varyNames)
    const itemKey = variantKey(baseKey, vary, request)
    // Killed after this: no list has the variant, so no request finds it until it is stored again.
    const outcome = await this.#setPage(itemKey, request, page)
    if (outcome !== 'stored') return outcome
    const currentUntilMs = vary === current ? (item?.expiresAtMs ?? 0) : undefined
    const isListed = await this.#list(baseKey, vary, itemKey, keepMs, currentUntilMs)
    return isListed ? 'stored' : 'full'
  }

  /** Stores a marker: requests do not wait for each other. */
  async storePass(itemKey: string, pass: PassHead): Promise<boolean> {
    return this.#set(itemKey, encodeItem(pass), pass.untilMs - this.#clock.nowMs())
  }

  /** The variants are gone as well, because no list has their id any longer. */
  async delete(baseKey: string): Promise<boolean> {
    return this.#cache.delete(baseKey)
  }

  /** Adds a variant to its list, which lives as long as the page that lives longest. */
  async #list(
    baseKey: string,
    vary: VaryHead,
    itemKey: string,
    keepMs: number,
    currentUntilMs: number | undefined,
  ): Promise<boolean> {
    const untilMs = currentUntilMs === 0 ? Infinity : (currentUntilMs ?? 0)
    const listMs = Math.max(keepMs, untilMs - this.#clock.nowMs())
    if (vary.variants.includes(itemKey) && listMs > keepMs) return true
    const variants = [...vary.variants.filter(key => key !== itemKey), itemKey]
    const dropped = variants.splice(0, Math.max(0, variants.length - this.#maxVariants))
    const isStored = await this.#set(baseKey, encodeItem({ ...vary, variants }), listMs)
    for (const key of dropped) await this.#cache.delete(key)
    return isStored
  }

  async #setPage(
    key: string,
    { url, header }: CacheRequest,
    { head, body, keepMs, madeAt }: NewPage,
  ): Promise<TaggedOutcome> {
    const bytes = encodeItem(head, body)
    if (this.#tagged === undefined || this.pageTags === undefined) {
      return (await this.#set(key, bytes, keepMs)) ? 'stored' : 'full'
    }
    const { host, path } = placeOfUrl(url)
    const [forwarded = ''] = (header('x-forwarded-host') ?? '').split(',', 1)
    const hosts = forwarded === '' ? [host] : [host, normalHost(forwarded.trim())]
    const tags = this.pageTags.ofPage(path, hosts, head.tags)
    return this.#tagged.setItem(key, { bytes, ttlMs: Math.max(0, keepMs), tags, madeAt })
  }

  async #set(key: string, bytes: Buffer, ttlMs: number): Promise<boolean> {
    return this.#cache.setItem(key, { bytes }, { ttlMs: Math.max(0, ttlMs) })
  }

  #decode(key: string, item: StoredItem | TaggedItem | undefined): DecodedItem | undefined {
    const decoded = item && this.#heads.decode(key, item.bytes)
    const isSoft = item !== undefined && 'isStale' in item && item.isStale
    if (!isSoft || !(decoded?.head instanceof StoredResponse)) return decoded
    const head = softPurged(decoded.head.head, this.#clock.nowMs())
    return { ...decoded, head: new StoredResponse(head, this.#label) }
  }
}

/** The properties are spelled out, because spreading objects costs a hit half a microsecond. */
function foundOf(
  itemKey: string,
  vary: VaryHead | undefined,
  decoded: DecodedItem | undefined,
): Found {
  if (decoded === undefined) return { itemKey, vary, kind: 'none' }
  const { head, body } = decoded
  if (head instanceof StoredResponse) return { itemKey, vary, kind: 'page', page: head, body }
  if (head.kind === 'pass') return { itemKey, vary, kind: 'pass', pass: head }
  return { itemKey, vary, kind: 'none' } // a list of variants where a variant should be
}

function isVary(head: ParsedHead): head is VaryHead {
  return !(head instanceof StoredResponse) && head.kind === 'vary'
}

/** The list names every field by which any variant differs, so some variants may be duplicates. */
function withNames(current: VaryHead | undefined, names: readonly string[]): VaryHead {
  if (current !== undefined && names.every(name => current.names.includes(name))) return current
  const all = [...new Set([...(current?.names ?? []), ...names])].sort()
  return { kind: 'vary', id: randomBytes(6).toString('base64url'), names: all, variants: [] }
}

function variantKey(baseKey: string, { id, names }: VaryHead, { header }: CacheRequest): string {
  const values = names.map(name => {
    const value = header(name)
    return value === undefined ? '-' : `=${normalize(name, value)}`
  })
  const text = values.join('\n')
  return `${baseKey}#${id}:${Buffer.byteLength(text) > DIGEST_SIZE ? digest(text) : text}`
}

/** RFC 9111 section 4.1: values with the same meaning may count as the same. */
function normalize(name: string, value: string): string {
  // Split and joined, in time that grows with the length: an expression with \s* on both sides of
  // the separator tries every space of a long run again.
  const tight = value.split(',').map(trimParts).join(',')
  return CASELESS_FIELDS.has(name) ? tight.toLowerCase() : tight
}

/** Trims the parts between semicolons. */
function trimParts(text: string): string {
  const parts = text.split(';')
  return parts.map(part => part.trim()).join(';')
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}
