/**
 * What `on` and `watch` take and return: listeners, their options, and the function that ends them.
 */

import {
  type CacheKey,
  invalidOption,
  type OptionNames,
  requireBoolean,
  requireCallOptions,
  requireOneOf,
} from '../../base/index.ts'
import { type CacheEventName, type CacheEvents, EVENT_NAMES, toCacheEvent } from './cache-events.ts'
import type { EventFeed } from './event-feed.ts'

/** How long a listener listens. */
export interface ListenOptions {
  /** Ends the listening when it is aborted. @default only the returned function ends it */
  readonly signal?: AbortSignal | undefined
  /** The process stays alive while it listens. @default false */
  readonly keepAlive?: boolean | undefined
}

/** Ends the listening. May be called again. With `using` it ends with the block. */
export interface StopListening extends Disposable {
  (): void
}

/** The version of a key without an item. */
const ABSENT = 0

const LISTEN_OPTION_NAMES: OptionNames<ListenOptions> = { signal: true, keepAlive: true }

/** Calls a listener for each event of one name. */
export function listen<E extends CacheEventName>(
  feed: EventFeed,
  name: E,
  listener: (event: CacheEvents[E]) => void,
  options: ListenOptions | undefined,
): StopListening {
  requireOneOf('the event', name, EVENT_NAMES)
  return startListening('on', listener, options, keepAlive =>
    feed.subscribe({
      key: undefined,
      keepAlive,
      deliver(read) {
        const found = toCacheEvent(read)
        if (found.name === name) listener(found.event as CacheEvents[E])
      },
    }),
  )
}

/** The value of an item now, with the item's version. */
export interface VersionedValue {
  readonly value: unknown
  readonly version: number
}

/**
 * Calls a listener with the value of a key after it changed. An event only makes the watch look: it
 * compares the item's version with the one that it saw last, so several changes in a row are one
 * call, and a lost event costs nothing but time.
 *
 * @param read - returns undefined without an item
 */
export function watchKey(
  feed: EventFeed,
  key: CacheKey,
  listener: (value: unknown) => void,
  options: ListenOptions | undefined,
  read: () => VersionedValue | undefined,
): StopListening {
  return startListening('watch', listener, options, keepAlive => {
    let version = read()?.version ?? ABSENT // A key that is refused begins nothing.
    const stop = feed.subscribe({
      key: typeof key === 'string' ? key : Buffer.from(key).toString(),
      keepAlive,
      deliver() {
        const now = read()
        if ((now?.version ?? ABSENT) === version) return
        version = now?.version ?? ABSENT
        listener(now?.value)
      },
    })
    // Again, because a change before the subscription has no event.
    version = read()?.version ?? ABSENT
    return stop
  })
}

/**
 * Begins to listen unless the signal is aborted already.
 *
 * @param start - returns a function that ends the listening
 */
function startListening(
  call: string,
  listener: unknown,
  options: ListenOptions = {},
  start: (keepAlive: boolean) => () => void,
): StopListening {
  if (typeof listener !== 'function') throw invalidOption('listener', 'a function', listener)
  requireCallOptions(call, options, LISTEN_OPTION_NAMES)
  const keepAlive = requireBoolean('keepAlive', options.keepAlive ?? false)
  const { signal } = options
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw invalidOption('signal', 'an AbortSignal', signal)
  }
  if (signal?.aborted === true) return asStop(() => {})
  const end = start(keepAlive)
  const stop = () => {
    signal?.removeEventListener('abort', stop)
    end()
  }
  signal?.addEventListener('abort', stop)
  return asStop(stop)
}

function asStop(stop: () => void): StopListening {
  return Object.assign(stop, { [Symbol.dispose]: stop })
}
