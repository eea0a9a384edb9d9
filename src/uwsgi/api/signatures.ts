/**
 * The four forms of uWSGI's functions: their types, their checks, and where the call goes.
 *
 * The cache has an overload of its own. Were it an optional argument, TypeScript would leave
 * `undefined` out of the inferred type, and call an answer a promise that may be none.
 */

import type { CacheKey, CounterOperation } from '../../base/index.ts'
import type { CacheArgument, CacheResult } from './answer.ts'
import {
  requireIdentifier,
  requireKey,
  requireOperand,
  requireValue,
  ttlMsOf,
} from './arguments.ts'
import { findCache, isRemote } from './find-cache.ts'
import type { Done, Later, UwsgiCache } from './uwsgi-cache.ts'

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

export function byKey<T>(act: (calls: UwsgiCache, key: CacheKey) => Later<T>): ByKey<T> {
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
  ): Later<Done> =>
    perform(cache, calls => {
      const checked = requireKey(key)
      const request = { value: requireValue(value), mode, ttlMs: ttlMsOf(expires) }
      // An empty value is none in uWSGI: a reader could not tell it from a miss.
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
  ): Later<Done> =>
    perform(cache, calls =>
      calls.count(requireKey(key), operation, requireOperand(by), ttlMsOf(expires)),
    )
  return run as Counting
}

export function whole<T>(act: (calls: UwsgiCache) => Later<T>): Whole<T> {
  return ((cache?: CacheArgument) => perform(cache, act)) as Whole<T>
}

/** A remote cache's answer is a promise in any case, of an error as well. */
function perform<T>(cache: CacheArgument, act: (calls: UwsgiCache) => Later<T>): Later<T> {
  const identifier = requireIdentifier(cache)
  const run = () => act(findCache(identifier))
  return isRemote(identifier) ? Promise.resolve().then(run) : run()
}
