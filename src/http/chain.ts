/**
 * Going on with what may be there at once.
 *
 * A hit in a local cache is answered in the same turn of the event loop; only a remote cache, or
 * waiting for the application, takes a promise.
 */

import type { Awaitable } from '../base/index.ts'

export function chain<T, R>(value: Awaitable<T>, next: (value: T) => Awaitable<R>): Awaitable<R> {
  return value instanceof Promise ? value.then(next) : next(value)
}
