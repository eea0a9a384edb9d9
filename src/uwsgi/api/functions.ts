/**
 * uWSGI's cache functions, by uWSGI's names and with its answers.
 *
 * uWSGI 2.0.21, plugins/python/uwsgi_pymodule.c: True or None, never an exception for a miss, a
 * refusal or an unknown cache; TypeError for arguments of a wrong type.
 */

import { UndercroftError } from '../../base/index.ts'
import { type Message, sendMessage } from '../../client/index.ts'
import { findCache, isRemote } from './find-cache.ts'
import { byKey, counting, requireIdentifier, storing, whole } from './signatures.ts'

/**
 * `cache_get(key, cache?)`: the value's bytes. Null: a miss, an unknown cache, or a remote one that
 * cannot be reached.
 *
 * The key is text (sent as UTF-8) or bytes. The cache is one of this machine by its name, without
 * it the default cache; `name@host:port` or `name@/path` makes the answer a promise. Throws for
 * arguments of a wrong type, or rejects where the answer is a promise.
 */
export const cache_get = byKey((calls, key) => calls.get(key))

/**
 * `cache_set(key, value, expires = 0, cache?)`: stores only if absent. Null: there is one, it does
 * not fit, or the cache is full. `expires` is in seconds, 0 is never, less than 0 is over already.
 */
export const cache_set = storing('add')

/** As `cache_set`, storing either way. Null: it does not fit, or the cache is full. */
export const cache_update = storing('set')

/** `cache_del(key, cache?)`. Null: there was nothing to delete. */
export const cache_del = byKey((calls, key) => calls.delete(key))

/** `cache_exists(key, cache?)`: true for a live item, else null. Counts nothing. */
export const cache_exists = byKey((calls, key) => calls.exists(key))

/** `cache_clear(cache?)`: deletes everything. True also when there was nothing. */
export const cache_clear = whole(calls => calls.clear())

/**
 * `cache_inc(key, by = 1, expires = 0, cache?)`: adds to a counter of 64 bits, which wraps.
 * `expires` is for a new one. Null: something else is stored there, or the cache is full.
 */
export const cache_inc = counting('inc', 1)

/** As `cache_inc`, subtracting. */
export const cache_dec = counting('dec', 1)

/** As `cache_inc`, multiplying; by 2 unless given. */
export const cache_mul = counting('mul', 2)

/** As `cache_inc`, dividing, by 2 unless given; cuts toward zero, and by zero gives zero. */
export const cache_div = counting('div', 2)

/**
 * `cache_num(key, cache?)`: the number in a counter, a bigint beyond 2^53. 0: a miss, or something
 * else is stored there.
 */
export const cache_num = byKey((calls, key) => calls.num(key))

/**
 * The keys of a local cache, as bytes.
 *
 * @throws UndercroftError UNDERCROFT_NO_SUCH_CACHE for unknown and for remote caches.
 */
export function cache_keys(cache?: string): Buffer[] {
  const identifier = requireIdentifier(cache)
  const keys = isRemote(identifier) ? undefined : findCache(identifier).keys?.()
  if (keys !== undefined) return keys
  throw new UndercroftError('UNDERCROFT_NO_SUCH_CACHE', 'no local uWSGI cache available')
}

/**
 * Sends a packet to any uwsgi server and yields the reply in chunks, as uWSGI did until 1.4.
 *
 * @param address - `host:port` or the path of a Unix socket.
 * @param modifier1 - Whom it is for; 111 is the cache.
 * @param modifier2 - What is asked.
 * @param message - Text or bytes, or an object that is sent as a dictionary.
 * @param timeout - Seconds to connect and to wait for each further byte.
 * @throws UndercroftError UNDERCROFT_CONNECTION, UNDERCROFT_OPTION_INVALID
 */
export function send_message(
  address: string,
  modifier1: number,
  modifier2: number,
  message: Message,
  timeout = 4,
): AsyncGenerator<Buffer, void, undefined> {
  return sendMessage(address, modifier1, modifier2, message, Math.round(timeout * 1000))
}
