/**
 * The four forms of uWSGI's functions: their types, the checks of their arguments, and the call
 * itself. Where Python raises TypeError or OverflowError, they throw.
 *
 * The cache argument has an overload of its own. If it were an optional argument, TypeScript would
 * drop `undefined` from the inferred type and report a promise where there may be none.
 */

import {
  type Awaitable,
  type CacheKey,
  type CounterOperation,
  describe,
  invalidOption,
  isWellFormed,
  requireInteger,
  UndercroftError,
} from '../../base/index.ts'
import { findCache, isRemote } from './find-cache.ts'
import type { Done, UwsgiCache } from './uwsgi-cache.ts'

/** A function of a key. */
export interface ByKey<T> {
  (key: CacheKey): T
  <C extends CacheArgument>(key: CacheKey, cache: C): CacheResult<C, T>
}

/** A function that stores a value. */
export interface Storing {
  (key: CacheKey, value: string | Uint8Array, expires?: number): Done
  <C extends CacheArgument>(
    key: CacheKey,
    value: string | Uint8Array,
    expires: number | undefined,
    cache: C,
  ): CacheResult<C, Done>
}

/** A function that changes a number. */
export interface Counting {
  (key: CacheKey, by?: number | bigint, expires?: number): Done
  <C extends CacheArgument>(
    key: CacheKey,
    by: number | bigint | undefined,
    expires: number | undefined,
    cache: C,
  ): CacheResult<C, Done>
}

/** A function of a whole cache. */
export interface Whole<T> {
  (): T
  <C extends CacheArgument>(cache: C): CacheResult<C, T>
}

export function byKey<T>(act: (calls: UwsgiCache, key: CacheKey) => Awaitable<T>): ByKey<T> {
  const run = (key: CacheKey, cache?: CacheArgument) =>
    perform(cache, calls => act(calls, requireKey(key)))
  return run as ByKey<T>
}

export function storing(mode: 'add' | 'set'): Storing {
  const run = (
    key: CacheKey,
    value: string | Uint8Array,
    expires = 0,
    cache?: CacheArgument,
  ): Awaitable<Done> =>
    perform(cache, calls => {
      const checked = requireKey(key)
      const request = { value: requireValue(value), mode, ttlMs: ttlMsOf(expires) }
      // An empty value is not stored in uWSGI, because a reader could not distinguish it from a
      // miss.
      return request.value.length === 0 ? null : calls.store(checked, request)
    })
  return run as Storing
}

export function counting(operation: CounterOperation, fallback: number): Counting {
  const run = (
    key: CacheKey,
    by: number | bigint = fallback,
    expires = 0,
    cache?: CacheArgument,
  ): Awaitable<Done> =>
    perform(cache, calls =>
      calls.count(requireKey(key), operation, requireOperand(by), ttlMsOf(expires)),
    )
  return run as Counting
}

export function whole<T>(act: (calls: UwsgiCache) => Awaitable<T>): Whole<T> {
  return ((cache?: CacheArgument) => perform(cache, act)) as Whole<T>
}

/** With a remote cache the result is always a promise, also for an error. */
function perform<T>(cache: CacheArgument, act: (calls: UwsgiCache) => Awaitable<T>): Awaitable<T> {
  const identifier = requireIdentifier(cache)
  const run = () => act(findCache(identifier))
  return isRemote(identifier) ? Promise.resolve().then(run) : run()
}

/** The name of a local cache, or `name@address`. */
export type CacheArgument = string | undefined

/**
 * `T` from a local cache, a promise of it from a remote one, and either of the two when the name is
 * known only at run time.
 */
export type CacheResult<C extends CacheArgument, T> = C extends string
  ? C extends `${string}@${string}`
    ? Promise<T>
    : IsPattern<C> extends true
      ? T | Promise<T>
      : T
  : T

/**
 * Matches `string` itself and patterns such as `cache-${number}`, which may or may not contain an
 * `@`.
 */
type IsPattern<C extends string> = Record<never, never> extends Record<C, 1> ? true : false

export function requireKey(key: unknown): CacheKey {
  if (isTextOrBytes(key)) return key
  throw new UndercroftError(
    'UNDERCROFT_KEY_INVALID',
    `a key must be a well-formed string or bytes; got ${describe(key)}`,
  )
}

export function requireValue(value: unknown): string | Uint8Array {
  if (isTextOrBytes(value)) return value
  throw new UndercroftError(
    'UNDERCROFT_VALUE_UNSUPPORTED',
    `a value must be a well-formed string or bytes; got ${describe(value)}. ` +
      'Encode it, for example with JSON.stringify, or use the Cache of undercroft',
  )
}

/** Converts seconds of uWSGI: 0 means never, a negative number means already expired. */
export function ttlMsOf(expires: unknown): number {
  requireInteger('expires', expires, Number.MIN_SAFE_INTEGER, MAX_SECONDS)
  const seconds = Number(expires)
  return seconds === 0 ? Number.POSITIVE_INFINITY : Math.max(0, seconds * 1000)
}

export function requireOperand(value: unknown): bigint {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return BigInt(value)
  if (typeof value === 'bigint' && BigInt.asIntN(64, value) === value) return value
  throw invalidOption('the operand', 'a safe integer, or a bigint of 64 bits', value)
}

export function requireIdentifier(cache: unknown): string | undefined {
  if (cache === undefined || typeof cache === 'string') return cache
  throw invalidOption('cache', 'a name, or name@address', cache)
}

const MAX_SECONDS = Math.floor(Number.MAX_SAFE_INTEGER / 1000)

/** Text that UTF-8 cannot encode would be read back as different text. */
function isTextOrBytes(value: unknown): value is string | Uint8Array {
  return typeof value === 'string' ? isWellFormed(value) : value instanceof Uint8Array
}
