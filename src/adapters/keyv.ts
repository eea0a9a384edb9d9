/**
 * `undercroft/keyv`: a storage adapter for keyv 5 and 6, and so for everything that takes one:
 * cache-manager, cacheable, the CacheModule of NestJS.
 */

import { Keyv } from 'keyv'
import { AdapterHome, type AdapterStore } from './shared/adapter-store.ts'
import type { CacheSource } from './shared/cache-source.ts'

export type { CacheSource, GivenCache, OpenCache } from './shared/cache-source.ts'

/** The options of `KeyvUndercroft`: an open cache, or all options of `Cache.open`. */
export type KeyvUndercroftOptions = CacheSource

/** The options of `createKeyv`. */
export type CreateKeyvOptions = KeyvUndercroftOptions & {
  /** See the option `namespace` of keyv. @default 'keyv' */
  readonly namespace?: string | undefined
  /** Milliseconds that a value lives if it is set without a TTL. @default those of the cache */
  readonly ttl?: number | undefined
}

/** One entry of `setMany`. */
export interface KeyvUndercroftEntry {
  readonly key: string
  readonly value: unknown
  /** Milliseconds that the value lives, as keyv 5 gives them. */
  readonly ttl?: number | undefined
  /** When the value ends, in Unix milliseconds, as keyv 6 gives it. */
  readonly expires?: number | undefined
}

/** The namespace of a Keyv that has none, which is also the default of keyv 5. */
const DEFAULT_NAMESPACE = 'keyv'
/** September 2001. A number beyond is a moment, and below a duration, if the caller is unknown. */
const FIRST_MOMENT_MS = 1e12

/**
 * Stores the values of a Keyv in a shared cache, where all processes find them.
 *
 * Each Keyv needs an adapter of its own, because keyv writes its namespace into the adapter. Any
 * number of adapters can be over one cache. `clear` deletes one namespace in constant time.
 *
 * @example
 * const store = new KeyvUndercroft({ name: 'app', maxItems: 10_000 })
 * const users = new Keyv({ store, namespace: 'users', ttl: 60_000 })
 * await users.set('1', { name: 'Ada' })
 */
export class KeyvUndercroft {
  readonly #home: AdapterHome
  readonly #options = { dialect: 'redis' }
  #store: AdapterStore
  #namespace: string | undefined
  /** The version of the Keyv that uses this adapter; undefined for direct calls. */
  #version: 5 | 6 | undefined

  /**
   * @throws UndercroftError - UNDERCROFT_OPTION_INVALID, and those of `Cache.open`
   */
  constructor(options: KeyvUndercroftOptions) {
    this.#home = new AdapterHome('undercroft/keyv', options, {})
    this.#store = this.#home.store(DEFAULT_NAMESPACE)
  }

  /** The namespace, which keyv sets. */
  get namespace(): string | undefined {
    return this.#namespace
  }

  set namespace(namespace: string | undefined) {
    this.#namespace = namespace || undefined
    this.#store = this.#home.store(namespace || DEFAULT_NAMESPACE)
  }

  /**
   * For keyv 5, and never read by keyv 6. Of the dialects for which keyv 5 makes an iterator,
   * `redis` is the nearest.
   */
  get opts(): Record<string, unknown> {
    this.#version = 5
    return this.#options
  }

  /** For keyv 6, and never read by keyv 5: ends are moments. */
  get capabilities(): { readonly expires: true } {
    this.#version = 6
    return { expires: true }
  }

  /** @returns undefined on a miss */
  async get(key: string): Promise<unknown> {
    return this.#store.get(this.#bare(key))
  }

  /** Returns values in the order of the keys. */
  async getMany(keys: readonly string[]): Promise<unknown[]> {
    return keys.map(key => this.#store.get(this.#bare(key)))
  }

  /**
   * @param end - keyv 5: milliseconds that the value lives; keyv 6: when it ends, in Unix
   * milliseconds
   * @returns false if the cache did not store the value
   */
  async set(key: string, value: unknown, end?: number): Promise<boolean> {
    const isMoment =
      this.#version === undefined ? (end ?? 0) >= FIRST_MOMENT_MS : this.#version === 6
    return this.#set(key, value, isMoment ? this.#until(end) : end)
  }

  /** Stores several values, and returns for each whether it was stored. */
  async setMany(entries: readonly KeyvUndercroftEntry[]): Promise<boolean[]> {
    return entries.map(({ key, value, ttl, expires }) => {
      return this.#set(key, value, ttl ?? this.#until(expires))
    })
  }

  /** Returns whether there is a value. */
  async has(key: string): Promise<boolean> {
    return this.#store.has(this.#bare(key))
  }

  /** Returns for each key whether there is a value. */
  async hasMany(keys: readonly string[]): Promise<boolean[]> {
    return keys.map(key => this.#store.has(this.#bare(key)))
  }

  /** @returns whether there was a value */
  async delete(key: string): Promise<boolean> {
    return this.#store.delete(this.#bare(key))
  }

  /** @returns keyv 5: whether there was a value for each key; keyv 6: the same key by key */
  async deleteMany(keys: readonly string[]): Promise<boolean | boolean[]> {
    const deleted = keys.map(key => this.#store.delete(this.#bare(key)))
    return this.#version === 5 ? deleted.every(Boolean) : deleted
  }

  /** Deletes the values of this namespace, and of no other, in constant time. */
  async clear(): Promise<void> {
    this.#store.clear()
  }

  /** Yields keys and values of this namespace. Reads the whole table of the cache. */
  async *iterator(): AsyncGenerator<[string, unknown], void> {
    const prefix = this.#prefix
    for (const [key, value] of this.#store.entries()) yield [prefix + key, value]
  }

  /** Does nothing: an adapter emits no events. keyv expects the method. */
  on(_event: string, _listener: (...values: never[]) => void): this {
    return this
  }

  /** Closes the cache if this adapter opened it. Calls after that miss. */
  async disconnect(): Promise<void> {
    this.#home.close()
  }

  #set(key: string, value: unknown, ttlMs: number | undefined): boolean {
    return this.#store.set(this.#bare(key), value, ttlMs === undefined ? undefined : { ttlMs })
  }

  /** @returns the milliseconds until a moment */
  #until(atMs: number | undefined): number | undefined {
    return atMs === undefined ? undefined : Math.max(0, atMs - this.#home.nowMs())
  }

  /** What keyv 5 puts before each key. keyv 6 leaves that to the adapter. */
  get #prefix(): string {
    return this.#version === 5 && this.#namespace !== undefined ? `${this.#namespace}:` : ''
  }

  #bare(key: string): string {
    const prefix = this.#prefix
    return prefix !== '' && key.startsWith(prefix) ? key.slice(prefix.length) : key
  }
}

/**
 * Makes a Keyv over a shared cache.
 *
 * @example
 * const users = createKeyv({ name: 'app', maxItems: 10_000, namespace: 'users', ttl: 60_000 })
 */
export function createKeyv(options: CreateKeyvOptions): Keyv {
  const { namespace = DEFAULT_NAMESPACE, ttl, ...source } = options
  const store = new KeyvUndercroft(source)
  return new Keyv({ store, namespace, ...(ttl === undefined ? {} : { ttl }) })
}
