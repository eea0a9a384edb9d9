/**
 * `undercroft/unstorage`: a driver for unstorage, and so for Nitro and Nuxt.
 */

import type { Driver } from 'unstorage'
import { AdapterHome, type AdapterStore } from './shared/adapter-store.ts'
import type { CacheSource } from './shared/cache-source.ts'

export type { CacheSource, GivenCache, OpenCache } from './shared/cache-source.ts'

/** What the options of the driver add to those of its cache. */
export interface UnstorageDriverOptions {
  /** What the keys begin with. Two mounts over one cache need two. @default 'unstorage' */
  readonly base?: string | undefined
  /** Seconds that an item lives if it is set without `ttl`. @default those of the cache */
  readonly ttl?: number | undefined
  /** The name of this driver in a configuration of Nitro, which hands it on. Ignored. */
  readonly driver?: unknown
}

/** The options of the driver: an open cache, or all options of `Cache.open`. */
export type UndercroftDriverOptions = CacheSource & UnstorageDriverOptions

const OWN_NAMES: Readonly<Record<keyof UnstorageDriverOptions, true>> = {
  base: true,
  ttl: true,
  driver: true,
}

/**
 * Makes a driver that keeps items in a shared cache, where all processes find them.
 *
 * @throws UndercroftError - UNDERCROFT_OPTION_INVALID, and those of `Cache.open`
 * @example
 * const storage = createStorage({ driver: undercroft({ name: 'app', maxItems: 10_000 }) })
 * await storage.setItem('user:1', { name: 'Ada' }, { ttl: 60 })
 */
export default function undercroft(options: UndercroftDriverOptions): Driver {
  const home = new AdapterHome('undercroft/unstorage', options, OWN_NAMES)
  const store = home.store(options.base ?? 'unstorage')
  const set = (key: string, value: unknown, ttl: unknown) => {
    const seconds = (ttl ?? options.ttl) as number | undefined
    store.set(key, value, seconds === undefined ? undefined : { ttlMs: seconds * 1000 })
  }
  return {
    name: 'undercroft',
    flags: { ttl: true },
    options,
    hasItem: key => store.has(key),
    getItem: key => textOf(store.get(key)),
    getItemRaw: key => store.get(key) ?? null,
    setItem: (key, value, call) => set(key, value, call?.ttl),
    setItemRaw: (key, value, call) => set(key, value, call?.ttl),
    removeItem: key => void store.delete(key),
    getMeta: key => metaOf(store, key),
    getKeys: base => [...store.keys(base)],
    clear: base => (base ? store.clearFrom(base) : store.clear()),
    dispose: () => home.close(),
  }
}

/** @returns what was stored as text; bytes that `setItemRaw` stored are text in UTF-8 */
function textOf(value: unknown): string | null {
  if (value instanceof Uint8Array) return Buffer.from(value).toString()
  return (value as string | undefined) ?? null
}

function metaOf(store: AdapterStore, key: string): { ttl?: number } | null {
  const ttlMs = store.ttlMs(key)
  if (ttlMs === undefined) return null
  return ttlMs === Infinity ? {} : { ttl: ttlMs / 1000 }
}
