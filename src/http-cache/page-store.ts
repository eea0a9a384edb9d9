/**
 * Where pages are kept: one item for a key, or, when the response differs by request fields (RFC
 * 9111 section 4.1), an item that names those fields and one more for each variant.
 */

import { createHash, randomBytes } from 'node:crypto'
import type { Awaitable, CacheLike, Clock, StoredItem } from '../base/index.ts'
import type { CacheRequest } from './cache-request.ts'
import { type FoundRecord, HeadMemo, type KnownRecord } from './head-memo.ts'
import { PreparedHead } from './prepared-page.ts'
import { encodeRecord, type PageHead, type PassHead, type VaryHead } from './record.ts'

/** What was found, and the item's key, also where it would be stored. */
export type Found = Place &
  (
    | { readonly kind: 'page'; readonly page: PreparedHead; readonly body: Buffer }
    | { readonly kind: 'pass'; readonly pass: PassHead }
    | { readonly kind: 'none' }
  )

export interface Place {
  readonly itemKey: string
  /** The page differs by request fields, and this is one of its variants. */
  readonly vary: VaryHead | undefined
}

/** A page on its way into the cache. */
export interface NewPage {
  readonly head: PageHead
  readonly body: Buffer
  readonly varyNames: readonly string[]
  readonly keepMs: number
}

const PREFIX = 'page:'
/** Of a key that is too long, all that is left. */
const DIGEST_SIZE = 43 // SHA-256 in base64url
/** `#`, the id, `:`, and a digest of the fields' values; and what a lease puts in front. */
const VARIANT_SIZE = 1 + 8 + 1 + DIGEST_SIZE + 'lease:'.length

/** Below this nothing of the above has room. */
export const MIN_KEY_SIZE = PREFIX.length + DIGEST_SIZE + VARIANT_SIZE

/** A key's length is not known of a remote cache; ours take this much unless told otherwise. */
const USUAL_MAX_KEY_SIZE = 256

const MAX_VARY_NAMES = 16

/** RFC 9110 sections 12.5.2 to 12.5.4. */
const CASELESS_FIELDS = new Set(['accept-charset', 'accept-encoding', 'accept-language'])

export class PageStore {
  readonly #cache: CacheLike
  readonly #clock: Clock
  readonly #memo = new HeadMemo()
  readonly #maxVariants: number
  readonly #maxBaseSize: number

  constructor(cache: CacheLike, clock: Clock, maxVariants: number) {
    this.#cache = cache
    this.#clock = clock
    this.#maxVariants = maxVariants
    this.#maxBaseSize = (cache.maxKeySize ?? USUAL_MAX_KEY_SIZE) - VARIANT_SIZE
  }

  /** The item's key for what the `key` function gave. */
  baseKey(key: string): string {
    const full = PREFIX + key
    // A character is 3 bytes at most; counting them takes longer than all else here.
    const fits =
      full.length * 3 <= this.#maxBaseSize || Buffer.byteLength(full) <= this.#maxBaseSize
    return fits ? full : PREFIX + digest(key)
  }

  find(baseKey: string, request: CacheRequest): Awaitable<Found> {
    const item = this.#cache.getItem(baseKey)
    if (item instanceof Promise) return item.then(late => this.#findIn(baseKey, request, late))
    return this.#findIn(baseKey, request, item)
  }

  #findIn(baseKey: string, request: CacheRequest, item: StoredItem | undefined): Awaitable<Found> {
    const record = this.#recordOf(baseKey, item)
    if (record === undefined || !isVary(record.known)) return foundOf(baseKey, undefined, record)
    const vary = record.known
    const itemKey = variantKey(baseKey, vary, request)
    const read = (variant: StoredItem | undefined) =>
      foundOf(itemKey, vary, this.#recordOf(itemKey, variant))
    const variant = this.#cache.getItem(itemKey)
    return variant instanceof Promise ? variant.then(read) : read(variant)
  }

  /**
   * False: there is no room for it, or what its request was looked up by is not there any more, so
   * that the page may be of before a change.
   */
  async storePage(
    baseKey: string,
    request: CacheRequest,
    lookedUpBy: VaryHead | undefined,
    { head, body, varyNames, keepMs }: NewPage,
  ): Promise<boolean> {
    const item = await this.#cache.getItem(baseKey)
    const known = this.#recordOf(baseKey, item)?.known
    const current = known !== undefined && isVary(known) ? known : undefined
    if (lookedUpBy !== undefined && lookedUpBy.id !== current?.id) return false
    const bytes = encodeRecord(head, body)
    if (current === undefined && varyNames.length === 0) return this.#set(baseKey, bytes, keepMs)
    if (varyNames.length > MAX_VARY_NAMES) return false
    const vary = withNames(current, varyNames)
    const itemKey = variantKey(baseKey, vary, request)
    // Killed after this: nothing leads there, or it is listed when it is stored again.
    if (!(await this.#set(itemKey, bytes, keepMs))) return false
    const currentUntilMs = vary === current ? (item?.expiresAtMs ?? 0) : undefined
    return this.#list(baseKey, vary, itemKey, keepMs, currentUntilMs)
  }

  /** For requests that need not wait for each other. */
  async storePass(itemKey: string, pass: PassHead): Promise<boolean> {
    return this.#set(itemKey, encodeRecord(pass), pass.untilMs - this.#clock.nowMs())
  }

  /** All variants are gone, too: they are under an id that nobody knows any more. */
  async delete(baseKey: string): Promise<boolean> {
    return this.#cache.delete(baseKey)
  }

  /** The list lives as long as the longest of its pages. */
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
    const isStored = await this.#set(baseKey, encodeRecord({ ...vary, variants }), listMs)
    for (const key of dropped) await this.#cache.delete(key)
    return isStored
  }

  async #set(key: string, bytes: Buffer, ttlMs: number): Promise<boolean> {
    return this.#cache.setItem(key, { bytes }, { ttlMs: Math.max(0, ttlMs) })
  }

  #recordOf(key: string, item: StoredItem | undefined): FoundRecord | undefined {
    return item && this.#memo.read(key, item.bytes)
  }
}

/** Spelled out, because objects made by spreading cost a hit half a microsecond. */
function foundOf(
  itemKey: string,
  vary: VaryHead | undefined,
  record: FoundRecord | undefined,
): Found {
  if (record === undefined) return { itemKey, vary, kind: 'none' }
  const { known, body } = record
  if (known instanceof PreparedHead) return { itemKey, vary, kind: 'page', page: known, body }
  if (known.kind === 'pass') return { itemKey, vary, kind: 'pass', pass: known }
  return { itemKey, vary, kind: 'none' } // a list of variants where a variant should be
}

function isVary(known: KnownRecord): known is VaryHead {
  return !(known instanceof PreparedHead) && known.kind === 'vary'
}

/** All that any of the pages differs by: a page that differs by less has some variants too many. */
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

/** RFC 9111 section 4.1: what means the same may be taken for the same. */
function normalize(name: string, value: string): string {
  const tight = value.trim().replace(/\s*([,;])\s*/g, '$1')
  return CASELESS_FIELDS.has(name) ? tight.toLowerCase() : tight
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}
