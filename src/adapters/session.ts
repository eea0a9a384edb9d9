/**
 * `undercroft/session`: a store for express-session, and for all that take such a store, such as
 * @fastify/session.
 */

import session, { type SessionData } from 'express-session'
import { requireBoolean, requireDuration } from '../base/index.ts'
import { AdapterHome, type AdapterStore } from './shared/adapter-store.ts'
import type { CacheSource } from './shared/cache-source.ts'

export type { CacheSource, GivenCache, OpenCache } from './shared/cache-source.ts'

/** What the options of a session store add to those of its cache. */
export interface SessionStoreOptions {
  /** What the keys begin with. Two stores over one cache need two prefixes. @default 'sess' */
  readonly prefix?: string | undefined
  /** Seconds that a session lives if its cookie has no end. @default 86400 */
  readonly ttl?: number | undefined
  /** Requests that change nothing do not prolong a session. @default false */
  readonly disableTouch?: boolean | undefined
}

/** The options of `UndercroftStore`: an open cache, or all options of `Cache.open`. */
export type UndercroftStoreOptions = CacheSource & SessionStoreOptions

/** Called once and later, as express-session expects it. */
export type SessionCallback<T = undefined> = (error?: unknown, result?: T) => void

const OWN_NAMES: Readonly<Record<keyof SessionStoreOptions, true>> = {
  prefix: true,
  ttl: true,
  disableTouch: true,
}
const DEFAULT_TTL_SECONDS = 86_400
/**
 * The value of a destroyed session. A request that was under way saves its session at its end, and
 * must not undo a logout. No later request can have the id.
 */
const DESTROYED = ''
const DESTROYED_TTL_MS = 60_000

/**
 * Keeps sessions in a shared cache, where all processes find them.
 *
 * A session that was destroyed stays destroyed, also if a slower request saves it afterwards. A
 * `touch` moves the end of a session and changes nothing else.
 *
 * @example
 * const store = new UndercroftStore({ name: 'sessions', maxItems: 50_000 })
 * app.use(session({ store, secret, resave: false, saveUninitialized: false }))
 */
export class UndercroftStore extends session.Store {
  readonly #home: AdapterHome
  readonly #store: AdapterStore
  readonly #ttlMs: number
  readonly #isTouchDisabled: boolean

  /**
   * @throws UndercroftError - UNDERCROFT_OPTION_INVALID, and those of `Cache.open`. Also
   * _SHARING_UNAVAILABLE, unless `memory` says otherwise
   */
  constructor(options: UndercroftStoreOptions) {
    super()
    this.#home = new AdapterHome('undercroft/session', options, OWN_NAMES, 'shared')
    this.#ttlMs = requireDuration('ttl', options.ttl ?? DEFAULT_TTL_SECONDS) * 1000
    this.#isTouchDisabled = requireBoolean('disableTouch', options.disableTouch ?? false)
    this.#store = this.#home.store(options.prefix ?? 'sess')
  }

  /** Calls back with a session, or with undefined if there is none. */
  get(sid: string, callback: (error: unknown, session?: SessionData | null) => void): void {
    later(callback, null, parse(this.#store.get(sid)))
  }

  /** Saves a session until the end of its cookie. The callback is given an error if that fails. */
  set(sid: string, session: SessionData, callback?: SessionCallback): void {
    const ttlMs = this.#ttlOf(session)
    if (ttlMs <= 0) {
      this.destroy(sid, callback)
      return
    }
    const text = JSON.stringify(session)
    const outcome = this.#store.update(sid, old => (old === DESTROYED ? undefined : text), {
      ttlMs,
    })
    later(callback, outcome === 'refused' ? notStored() : null)
  }

  /** Destroys a session, so that no request that is under way can save it again. */
  destroy(sid: string, callback?: SessionCallback): void {
    const isMarked = this.#store.set(sid, DESTROYED, { ttlMs: DESTROYED_TTL_MS })
    // A cache that has no room for a mark still forgets the session.
    const isGone = isMarked || this.#store.delete(sid) || !this.#store.has(sid)
    later(callback, isGone ? null : notStored())
  }

  /** Moves the end of a session to that of its cookie. */
  override touch(sid: string, session: SessionData, callback?: SessionCallback): void {
    const ttlMs = this.#ttlOf(session)
    if (!this.#isTouchDisabled) {
      const change = (old: unknown) => {
        const stored = parse(old)
        return stored && JSON.stringify({ ...stored, cookie: session.cookie })
      }
      this.#store.update(sid, change, { ttlMs: Math.max(0, ttlMs) })
    }
    later(callback, null)
  }

  /** Calls back with all sessions by their ids. Reads the whole table of the cache. */
  override all(
    callback: (error: unknown, sessions?: { [sid: string]: SessionData }) => void,
  ): void {
    later(callback, null, Object.fromEntries(this.#sessions()))
  }

  /** Calls back with the number of sessions. Reads the whole table of the cache. */
  override length(callback: (error: unknown, length?: number) => void): void {
    later(callback, null, [...this.#sessions()].length)
  }

  /** Calls back with the ids of all sessions. Reads the whole table of the cache. */
  ids(callback: (error: unknown, ids?: string[]) => void): void {
    const ids = Array.from(this.#sessions(), ([sid]) => sid)
    later(callback, null, ids)
  }

  /** Deletes all sessions of this prefix, in constant time. */
  override clear(callback?: SessionCallback): void {
    this.#store.clear()
    later(callback, null)
  }

  /** Closes the cache if this store opened it. */
  close(): void {
    this.#home.close()
  }

  *#sessions(): Generator<[string, SessionData]> {
    for (const [sid, text] of this.#store.entries()) {
      const session = parse(text)
      if (session !== undefined) yield [sid, session]
    }
  }

  /** @returns the milliseconds until the end of the cookie, negative if it is over */
  #ttlOf({ cookie }: SessionData): number {
    const { expires } = (cookie ?? {}) as { readonly expires?: unknown }
    const isMoment = expires instanceof Date || typeof expires === 'string'
    const atMs = isMoment ? new Date(expires).getTime() : Number.NaN
    return Number.isNaN(atMs) ? this.#ttlMs : atMs - this.#home.nowMs()
  }
}

function later<A extends readonly unknown[]>(
  callback: ((...values: A) => void) | undefined,
  ...values: A
): void {
  if (callback !== undefined) process.nextTick(callback, ...values)
}

function parse(text: unknown): SessionData | undefined {
  if (typeof text !== 'string' || text === DESTROYED) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined // Another program wrote here.
  }
}

function notStored(): Error {
  return new Error('undercroft/session: the cache has refused the session; a warning says why')
}
