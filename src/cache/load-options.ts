/**
 * Declares the options of loading, and checks them against each other.
 */

import {
  type CacheKey,
  invalidOption,
  MAX_TIMER_MS,
  NEVER,
  type OptionNames,
  requireDuration,
  SET_OPTION_NAMES,
  type SetOptions,
  UndercroftError,
} from '../base/index.ts'
import { DEFAULT_WAIT_MS, MAX_WAIT_MS } from '../single-flight/index.ts'
import { circumstancesOf, NAMESPACE_TAGS, type NamespaceTags } from './circumstances.ts'
import type { LoadContext } from './load-call.ts'

/** The options of `getOrSet`, `getOrSetMany` and `memoize`. */
export interface GetOrSetOptions extends SetOptions {
  /**
   * Milliseconds after `ttlMs` in which callers get the old value at once, while one process loads
   * the new one in the background. @default 0
   */
  readonly staleMs?: number | undefined
  /**
   * Milliseconds after `ttlMs` in which callers get the old value if the load fails or exceeds
   * `softTimeoutMs`. @default 0
   */
  readonly staleIfErrorMs?: number | undefined
  /**
   * Milliseconds before the end of `ttlMs` in which a hit may load the new value in the background,
   * with a probability that grows towards the end. Needs a finite `ttlMs`, and must be less than
   * the shortest one that `jitter` allows. @default 0
   */
  readonly refreshAheadMs?: number | undefined
  /**
   * Maximum of milliseconds for a load, up to 2147483647. A longer one fails with
   * UNDERCROFT_LOAD_TIMEOUT, and its `signal` is aborted. @default 60000
   */
  readonly timeoutMs?: number | undefined
  /**
   * Milliseconds to wait for a load while an old value is kept. Then the caller gets the old value,
   * and the load continues in the background. Needs `staleMs` or `staleIfErrorMs`, and must be less
   * than `timeoutMs`. @default Infinity
   */
  readonly softTimeoutMs?: number | undefined
  /**
   * The largest part of `ttlMs`, from 0 to 1, by which each item's TTL is shortened at random, so
   * that items that were stored together do not end together. Needs a finite `ttlMs`. @default 0
   */
  readonly jitter?: number | undefined
  /**
   * Milliseconds for which `undefined` and `null` are remembered if `load` returns them.
   * @default `null` is stored as any other value, and `undefined` is not stored
   */
  readonly negativeTtlMs?: number | undefined
  /**
   * Maximum of milliseconds to wait for the load of another caller, in this process or another one,
   * before this caller loads as well; up to 600000. @default 5000
   */
  readonly waitMs?: number | undefined
}

export const GET_OR_SET_OPTION_NAMES: OptionNames<GetOrSetOptions> = {
  ...SET_OPTION_NAMES,
  staleIfErrorMs: true,
  refreshAheadMs: true,
  timeoutMs: true,
  softTimeoutMs: true,
  jitter: true,
  negativeTtlMs: true,
  waitMs: true,
}

/** The method `getOrSet` of a cache or a namespace. */
export type GetOrSet<V> = (
  key: CacheKey,
  load: (context: LoadContext<V>) => V | Promise<V>,
  options?: GetOrSetOptions,
) => Promise<V>

/** The lease of a load is renewed for as long. */
const DEFAULT_TIMEOUT_MS = 60_000

/** The checked and completed options of one call. */
export interface LoadPlan extends Required<Omit<GetOrSetOptions, keyof SetOptions>> {
  readonly refreshAheadMs: number
  readonly timeoutMs: number
  readonly softTimeoutMs: number
  readonly jitter: number
  readonly waitMs: number
  readonly ttlMs: number
  readonly staleMs: number
  /** For how long the cache keeps a value after its TTL. */
  readonly keepStaleMs: number
  readonly circumstances: Pick<SetOptions, 'tags' | 'pinned'> & NamespaceTags
}

/**
 * @param defaultTtlMs - the TTL of an item without `ttlMs`
 * @throws UndercroftError - UNDERCROFT_OPTION_INVALID
 */
export function planLoad(options: GetOrSetOptions & NamespaceTags, defaultTtlMs: number): LoadPlan {
  const { staleMs = 0, staleIfErrorMs = 0, refreshAheadMs = 0, jitter = 0 } = options
  const { timeoutMs = DEFAULT_TIMEOUT_MS, softTimeoutMs = Infinity, negativeTtlMs } = options
  const { ttlMs = defaultTtlMs, waitMs = DEFAULT_WAIT_MS, tags, pinned } = options
  const durations = { ttlMs, staleMs, staleIfErrorMs, refreshAheadMs, softTimeoutMs, waitMs }
  for (const [name, value] of Object.entries(durations)) requireDuration(name, value)
  if (negativeTtlMs !== undefined) requireDuration('negativeTtlMs', negativeTtlMs)
  if (waitMs > MAX_WAIT_MS) throw invalidOption('waitMs', `at most ${MAX_WAIT_MS}`, waitMs)
  if (!(timeoutMs >= 1 && timeoutMs <= MAX_TIMER_MS)) {
    throw invalidOption('timeoutMs', `milliseconds from 1 to ${MAX_TIMER_MS}`, timeoutMs)
  }
  if (!(jitter >= 0 && jitter <= 1)) throw invalidOption('jitter', 'a number from 0 to 1', jitter)
  circumstancesOf(options, NEVER) // refuses tags and pins before the load
  const plan: LoadPlan = {
    ...{ ttlMs, staleMs, staleIfErrorMs, refreshAheadMs, timeoutMs, softTimeoutMs, waitMs },
    ...{ jitter, negativeTtlMs },
    keepStaleMs: Math.max(staleMs, staleIfErrorMs),
    circumstances: { tags, pinned, [NAMESPACE_TAGS]: options[NAMESPACE_TAGS] },
  }
  requireSense(plan)
  return plan
}

/** Refuses options that have no effect together. */
function requireSense(plan: LoadPlan): void {
  const { ttlMs, refreshAheadMs, jitter, softTimeoutMs, timeoutMs, keepStaleMs } = plan
  if ((refreshAheadMs > 0 || jitter > 0) && ttlMs === Infinity) {
    const name = jitter > 0 ? 'jitter' : 'refreshAheadMs'
    throw senseless(`${name} needs a ttlMs: an item without one has no end`)
  }
  const shortestMs = ttlMs * (1 - jitter)
  if (refreshAheadMs > 0 && refreshAheadMs >= shortestMs) {
    const reason = jitter > 0 ? ` times 1 - jitter, which is ${shortestMs}` : ''
    throw senseless(
      `refreshAheadMs must be less than ttlMs${reason}, or a value would be loaded again as soon ` +
        `as it is stored; got refreshAheadMs ${refreshAheadMs} and ttlMs ${ttlMs}`,
    )
  }
  if (softTimeoutMs === Infinity) return
  if (keepStaleMs === 0) {
    throw senseless('softTimeoutMs needs staleMs or staleIfErrorMs: no old value is kept without')
  }
  if (softTimeoutMs >= timeoutMs) {
    throw senseless(
      `softTimeoutMs must be less than timeoutMs; got ${softTimeoutMs} and ${timeoutMs}`,
    )
  }
}

function senseless(message: string): UndercroftError {
  return new UndercroftError('UNDERCROFT_OPTION_INVALID', message)
}
