/**
 * `undercroft/undici`: a CacheStore for `interceptors.cache` of undici.
 *
 * Each variant of a response is an item of its own, and an index item of the URL has the lists of
 * fields by which its variants differ. So two processes that add variants at once change the index
 * one after the other, and neither writes what the other stored. The keys of variants contain a
 * random name that the index has: a URL is forgotten by the deletion of its index, and its variants
 * leave by their TTL or by eviction.
 */

import { createHash, randomUUID } from 'node:crypto'
import { Writable } from 'node:stream'
import type { cacheStores } from 'undici'
import { requireInteger } from '../base/index.ts'
import { AdapterHome, type AdapterStore } from './shared/adapter-store.ts'
import type { CacheSource } from './shared/cache-source.ts'

export type { CacheSource, GivenCache, OpenCache } from './shared/cache-source.ts'

/** What the options of the store add to those of its cache. */
export interface UndiciStoreOptions {
  /** What the keys begin with. @default 'undici' */
  readonly prefix?: string | undefined
  /** Largest body that is stored, in bytes. @default what the cache can hold */
  readonly maxEntrySize?: number | undefined
}

/** The options of `UndercroftCacheStore`: an open cache, or all options of `Cache.open`. */
export type UndercroftCacheStoreOptions = CacheSource & UndiciStoreOptions

/** undici exports the types of its stores by way of the stores only. */
type CacheStore = InstanceType<typeof cacheStores.MemoryCacheStore>
type CacheKey = Parameters<CacheStore['get']>[0]
type CacheValue = Parameters<CacheStore['createWriteStream']>[1]
type GetResult = Exclude<Awaited<ReturnType<CacheStore['get']>>, undefined>

/** What a URL has: the name of its variants, and how they differ. */
interface UrlIndex {
  readonly name: string
  /** The names of the fields of each `vary`, sorted. */
  readonly varies: readonly (readonly string[])[]
  readonly endsAtMs: number
}

interface Variant {
  readonly value: CacheValue
  readonly body: Uint8Array
}

const OWN_NAMES: Readonly<Record<keyof UndiciStoreOptions, true>> = {
  prefix: true,
  maxEntrySize: true,
}
/** How many lists of fields a URL may have. Servers have one or two; each costs a read. */
const MAX_VARIES = 16

/**
 * Stores responses in a shared cache, so that what one process fetched answers all.
 *
 * @example
 * const store = new UndercroftCacheStore({ name: 'http', maxItems: 5000 })
 * setGlobalDispatcher(new Agent().compose(interceptors.cache({ store })))
 */
export class UndercroftCacheStore implements CacheStore {
  readonly #home: AdapterHome
  readonly #store: AdapterStore
  readonly #maxEntrySize: number

  /** @throws UndercroftError - UNDERCROFT_OPTION_INVALID, and those of `Cache.open` */
  constructor(options: UndercroftCacheStoreOptions) {
    this.#home = new AdapterHome('undercroft/undici', options, OWN_NAMES)
    this.#store = this.#home.store(options.prefix ?? 'undici')
    const { maxEntrySize } = options
    this.#maxEntrySize =
      maxEntrySize === undefined
        ? this.#store.maxValueSize
        : requireInteger('maxEntrySize', maxEntrySize, 0, Number.MAX_SAFE_INTEGER)
  }

  /** @returns the newest response that matches the request; undefined if there is none */
  get(key: CacheKey): GetResult | undefined {
    const index = this.#store.get(urlOf(key)) as UrlIndex | undefined
    let newest: Variant | undefined
    for (const names of index?.varies ?? []) {
      const found = this.#store.get(variantKey(index?.name, key, names)) as Variant | undefined
      const isNewer = found && found.value.cachedAt >= (newest?.value.cachedAt ?? 0)
      if (isNewer && found.value.deleteAt > this.#home.nowMs()) newest = found
    }
    if (newest === undefined) return undefined
    const { value, body } = newest
    // A list, because undici iterates over the pieces of a body.
    const pieces = body.byteLength === 0 ? [] : [Buffer.from(body)]
    return { ...value, cacheControlDirectives: value.cacheControlDirectives ?? {}, body: pieces }
  }

  /** @returns a stream for the body; its end stores the response, and a broken stream does not */
  createWriteStream(key: CacheKey, value: CacheValue): Writable {
    const pieces: Buffer[] = []
    let size = 0
    const maxSize = this.#maxEntrySize
    const store = () => this.#put(key, value, Buffer.concat(pieces))
    return new Writable({
      write(chunk: Buffer, _encoding, done) {
        size += chunk.byteLength
        if (size > maxSize) this.destroy()
        else pieces.push(chunk)
        done()
      },
      final(done) {
        store()
        done()
      },
    })
  }

  /** Forgets all responses of a URL. */
  delete({ origin, path }: Pick<CacheKey, 'origin' | 'path'>): void {
    this.#store.delete(urlOf({ origin, path }))
  }

  /** Closes the cache if this store opened it. */
  close(): void {
    this.#home.close()
  }

  #put(key: CacheKey, value: CacheValue, body: Buffer): void {
    const ttlMs = value.deleteAt - this.#home.nowMs()
    if (!(ttlMs > 0)) return
    const names = Object.keys(value.vary ?? {}).sort()
    const index = this.#index(urlOf(key), names, value.deleteAt)
    if (index === undefined) return
    // The new response replaces all that match this request, regardless of their fields.
    for (const others of index.varies) {
      if (others.join() !== names.join()) this.#store.delete(variantKey(index.name, key, others))
    }
    const variant: Variant = { value, body }
    this.#store.set(variantKey(index.name, key, names), variant, { ttlMs })
  }

  /**
   * Adds a list of fields to the index of a URL. Killed here: the index has a list without a
   * response, which is a miss.
   */
  #index(url: string, names: readonly string[], endsAtMs: number): UrlIndex | undefined {
    let index: UrlIndex | undefined
    const add = (old: unknown): UrlIndex | undefined => {
      const known = old as UrlIndex | undefined
      const others = (known?.varies ?? []).filter(list => list.join() !== names.join())
      const isIn = known !== undefined && others.length < known.varies.length
      if (isIn && known.endsAtMs >= endsAtMs) {
        index = known
        return undefined
      }
      const varies = [names, ...others].slice(0, MAX_VARIES)
      const end = Math.max(endsAtMs, known?.endsAtMs ?? 0)
      index = { name: known?.name ?? randomUUID(), varies, endsAtMs: end }
      return index
    }
    const last = Math.max(endsAtMs, (this.#store.get(url) as UrlIndex | undefined)?.endsAtMs ?? 0)
    const ttlMs = last - this.#home.nowMs()
    return this.#store.update(url, add, { ttlMs }) === 'refused' ? undefined : index
  }
}

function urlOf({ origin, path }: Pick<CacheKey, 'origin' | 'path'>): string {
  return `${origin}${path}`
}

/** @returns the key of the variant that a request asks for, if variants differ by these fields */
function variantKey(name: string | undefined, key: CacheKey, names: readonly string[]): string {
  const values = names.map(field => key.headers?.[field] ?? null)
  const asked = JSON.stringify([key.method, names, values])
  return `${name}/${createHash('sha256').update(asked).digest('base64url')}`
}
