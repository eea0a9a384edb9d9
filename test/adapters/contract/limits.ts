/**
 * The adapters that count, each behind the same few calls, as its host makes them.
 */

import { UndercroftStore } from '../../../src/adapters/rate-limit.ts'
import { RateLimiterUndercroft } from '../../../src/adapters/rate-limiter-flexible.ts'
import type { Source } from './subjects.ts'

/** One limit of 5 hits a minute, over one cache, under one prefix. */
export interface Limit {
  /** Counts a hit. */
  hit(key: string): Promise<Hit>
  takeBack(key: string): Promise<unknown> | unknown
  forget(key: string): Promise<unknown> | unknown
  close(): void
}

/** What the host learns of a hit. */
export interface Hit {
  readonly count: number
  readonly isOver: boolean
  /** The milliseconds until the window ends. */
  readonly leftMs: number
}

export const LIMIT = 5
export const WINDOW_MS = 60_000

type MakeLimit = (source: Source, prefix: string) => Limit

function expressRateLimit(source: Source, prefix: string): Limit {
  const store = new UndercroftStore({ ...source, prefix })
  const nowMs = 'clock' in source ? source.clock?.nowMs : undefined
  store.init({ windowMs: WINDOW_MS })
  return {
    async hit(key) {
      const { totalHits: count, resetTime } = store.increment(key)
      const leftMs = (resetTime?.getTime() ?? 0) - (nowMs?.() ?? Date.now())
      return { count, isOver: count > LIMIT, leftMs }
    },
    takeBack: key => store.decrement(key),
    forget: key => store.resetKey(key),
    close: () => store.shutdown(),
  }
}

function rateLimiterFlexible(source: Source, keyPrefix: string): Limit {
  const limits = { points: LIMIT, duration: WINDOW_MS / 1000, keyPrefix }
  const limiter = new RateLimiterUndercroft({ ...source, ...limits })
  return {
    async hit(key) {
      const isOver = await limiter.consume(key).then(
        () => false,
        reason => {
          if (reason instanceof Error) throw reason
          return true
        },
      )
      const state = await limiter.get(key)
      return { count: state?.consumedPoints ?? 0, isOver, leftMs: state?.msBeforeNext ?? 0 }
    },
    takeBack: key => limiter.reward(key),
    forget: key => limiter.delete(key),
    close: () => limiter.close(),
  }
}

/** Each adapter by its entry point. */
export const LIMITS: Readonly<Record<string, MakeLimit>> = {
  'rate-limit': expressRateLimit,
  'rate-limiter-flexible': rateLimiterFlexible,
}
