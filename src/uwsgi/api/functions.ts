/**
 * uWSGI's cache functions, under uWSGI's names and with uWSGI's results.
 *
 * uWSGI 2.0.21, plugins/python/uwsgi_pymodule.c: the functions return True or None and never raise
 * an exception for a miss, a refusal or an unknown cache. Arguments of a wrong type raise
 * TypeError.
 */

import { UndercroftError } from '../../base/index.ts'
import { type Message, sendMessage } from '../../client/index.ts'
import { secretOfProcess } from '../../net/index.ts'
import { findCache, isRemote } from './find-cache.ts'
import { byKey, counting, requireIdentifier, storing, whole } from './signatures.ts'

/**
 * `cache_get(key, cache?)`: returns the bytes of the value, or null for a miss, an unknown cache,
 * or a remote cache that cannot be reached.
 *
 * The key is text (encoded as UTF-8) or bytes. The cache is the name of a cache of this machine;
 * without it the default cache is used. With `name@host:port` or `name@/path` the result is a
 * promise.
 * @throws UndercroftError for arguments of a wrong type; with a remote cache the promise rejects
 */
export const cache_get = byKey((calls, key) => calls.get(key))

/**
 * `cache_set(key, value, expires = 0, cache?)`: stores a value if the key is absent. Returns null
 * if the key is present, the value does not fit, or the cache is full. `expires` is in seconds: 0
 * means never, a negative number means already expired.
 */
export const cache_set = storing('add')

/**
 * Like `cache_set`, but stores whether or not the key is present. Returns null if the value does
 * not fit or the cache is full.
 */
export const cache_update = storing('set')

/** `cache_del(key, cache?)`: deletes an item. Returns null if there was none. */
export const cache_del = byKey((calls, key) => calls.delete(key))

/**
 * `cache_exists(key, cache?)`: returns true for a live item, else null. Does not count a hit or a
 * miss.
 */
export const cache_exists = byKey((calls, key) => calls.exists(key))

/** `cache_clear(cache?)`: deletes all items. Returns true even for an empty cache. */
export const cache_clear = whole(calls => calls.clear())

/**
 * `cache_inc(key, by = 1, expires = 0, cache?)`: adds to a counter of 64 bits, which wraps.
 * `expires` applies to a new counter. Returns null if the item is not a counter or the cache is
 * full.
 */
export const cache_inc = counting('inc', 1)

/** Like `cache_inc`, but subtracts. */
export const cache_dec = counting('dec', 1)

/** Like `cache_inc`, but multiplies, by 2 unless given. */
export const cache_mul = counting('mul', 2)

/**
 * Like `cache_inc`, but divides, by 2 unless given. Rounds toward zero; division by zero yields
 * zero.
 */
export const cache_div = counting('div', 2)

/**
 * `cache_num(key, cache?)`: returns the number in a counter, as a bigint beyond 2^53. Returns 0 for
 * a miss and for an item that is not a counter.
 */
export const cache_num = byKey((calls, key) => calls.num(key))

/**
 * Returns the keys of a local cache as bytes.
 * @throws UndercroftError UNDERCROFT_NO_SUCH_CACHE for unknown and for remote caches
 */
export function cache_keys(cache?: string): Buffer[] {
  const identifier = requireIdentifier(cache)
  const keys = isRemote(identifier) ? undefined : findCache(identifier).keys?.()
  if (keys !== undefined) return keys
  throw new UndercroftError('UNDERCROFT_NO_SUCH_CACHE', 'no local uWSGI cache available')
}

/**
 * Sends a packet to any uwsgi server and yields the response in chunks, as uWSGI did until 1.4.
 * @param address - `host:port` or the path of a Unix socket
 * @param modifier1 - the receiver of the packet; 111 is the cache
 * @param modifier2 - the request to that receiver
 * @param message - text or bytes, or an object that is sent as a dictionary
 * @param timeout - seconds to connect, and to wait for each further byte
 * @throws UndercroftError UNDERCROFT_CONNECTION, UNDERCROFT_OPTION_INVALID
 */
export function send_message(
  address: string,
  modifier1: number,
  modifier2: number,
  message: Message,
  timeout = 4,
): AsyncGenerator<Buffer, void, undefined> {
  const { secret } = secretOfProcess()
  return sendMessage(address, modifier1, modifier2, message, Math.round(timeout * 1000), secret)
}
