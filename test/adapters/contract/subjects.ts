/**
 * The adapters that keep values, each behind the same few calls, as its host makes them.
 */

import type { SessionData } from 'express-session'
import { Keyv } from 'keyv'
import { Keyv as Keyv6 } from 'keyv-6'
import { UndercroftKeyValueCache } from '../../../src/adapters/apollo.ts'
import { abstractCache } from '../../../src/adapters/fastify.ts'
import { KeyvUndercroft } from '../../../src/adapters/keyv.ts'
import { UndercroftStore } from '../../../src/adapters/session.ts'
import unstorageDriver from '../../../src/adapters/unstorage.ts'
import type { Cache, CacheOptions } from '../../../src/index.ts'

/** One adapter over one cache, under one prefix. */
export interface Subject {
  /** @returns whether the host learns that the value is stored */
  set(key: string, value: string, ttlMs?: number): Promise<boolean>
  get(key: string): Promise<string | undefined>
  delete(key: string): Promise<void>
  /** Not all hosts can. */
  clear?(): Promise<void>
  /** As the host closes it. */
  close(): Promise<void> | void
}

/** Where the adapter has its items: a cache to open, or one that is open. */
export type Source = CacheOptions | { readonly cache: Cache }
type MakeSubject = (source: Source, prefix: string) => Subject

function keyvSubject(Host: typeof Keyv, source: Source, prefix: string): Subject {
  const options = { store: new KeyvUndercroft(source), namespace: prefix }
  const keyv = new Host(options)
  return {
    set: (key, value, ttlMs) => keyv.set(key, value, ttlMs),
    get: key => keyv.get<string>(key),
    delete: async key => void (await keyv.delete(key)),
    clear: () => keyv.clear(),
    close: () => keyv.disconnect(),
  }
}

function sessionSubject(source: Source, prefix: string): Subject {
  const store = new UndercroftStore({ ...source, prefix })
  const nowMs = 'clock' in source ? source.clock?.nowMs : undefined
  const sessionOf = (text: string, ttlMs: number | undefined) => {
    const expires = ttlMs === undefined ? null : new Date((nowMs?.() ?? Date.now()) + ttlMs)
    return { cookie: { expires }, text } as unknown as SessionData
  }
  return {
    set: (key, value, ttlMs) =>
      new Promise(resolve => store.set(key, sessionOf(value, ttlMs), error => resolve(!error))),
    get: key =>
      new Promise((resolve, reject) =>
        store.get(key, (error, session) => {
          if (error) reject(error)
          else resolve((session as unknown as { text: string } | undefined)?.text)
        }),
      ),
    delete: key => new Promise(resolve => store.destroy(key, () => resolve())),
    clear: () => new Promise(resolve => store.clear(() => resolve())),
    close: () => store.close(),
  }
}

function unstorageSubject(source: Source, base: string): Subject {
  const driver = unstorageDriver({ ...source, base })
  return {
    set: async (key, value, ttlMs) => {
      await driver.setItem?.(key, value, ttlMs === undefined ? {} : { ttl: ttlMs / 1000 })
      // A driver does not say whether it has stored.
      return (await driver.getItem(key)) === value
    },
    get: async key => ((await driver.getItem(key)) as string | null) ?? undefined,
    delete: async key => driver.removeItem?.(key, {}),
    clear: async () => driver.clear?.('', {}),
    close: () => driver.dispose?.(),
  }
}

function apolloSubject(source: Source, prefix: string): Subject {
  const cache = new UndercroftKeyValueCache({ ...source, prefix })
  return {
    set: async (key, value, ttlMs) => {
      await cache.set(key, value, ttlMs === undefined ? {} : { ttl: ttlMs / 1000 })
      return (await cache.get(key)) === value
    },
    get: key => cache.get(key),
    delete: async key => void (await cache.delete(key)),
    close: () => cache.close(),
  }
}

function abstractSubject(source: Source, segment: string): Subject {
  const cache = abstractCache({ ...source, segment, useAwait: true })
  const get = async (key: string) => (await cache.get(key))?.item as string | undefined
  return {
    set: async (key, value, ttlMs = 60_000) => {
      await cache.set(key, value, ttlMs)
      return (await get(key)) === value
    },
    get,
    delete: async key => void (await cache.delete(key)),
    close: async () => void (await cache.stop()),
  }
}

/** Each adapter by the entry point and the host that it is tested with. */
export const SUBJECTS: Readonly<Record<string, MakeSubject>> = {
  'keyv with keyv 5': (source, prefix) => keyvSubject(Keyv, source, prefix),
  'keyv with keyv 6': (source, prefix) =>
    keyvSubject(Keyv6 as unknown as typeof Keyv, source, prefix),
  session: sessionSubject,
  unstorage: unstorageSubject,
  apollo: apolloSubject,
  'fastify abstractCache': abstractSubject,
}
