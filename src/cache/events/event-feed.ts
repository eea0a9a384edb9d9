/**
 * Reads the events of a cache while somebody listens, and passes them on.
 *
 * A feed that has nothing to read sleeps: it marks the ring, and the next writer wakes it by the
 * cache's file. After events it looks again a little later without the mark, so that a busy writer
 * pays for one wake-up and not for one an event. A feed also looks by itself from time to time: a
 * writer may die before it wakes anybody, and some systems cannot watch files.
 */

import { invalidOption, UndercroftError } from '../../base/index.ts'
import type { EventReader, ReadEvent } from '../../engine/index.ts'
import type { CacheLifetime } from '../lifetime.ts'
import { isItemEvent } from './cache-events.ts'

/** Events that are passed on before other work of this thread gets its turn. */
const EVENTS_A_TURN = 1000
/** Time to the next look after events. A listener of a busy cache gets events this late. */
const BUSY_LOOK_MS = 2
/** Time between two looks of a feed that sleeps. */
const IDLE_LOOK_MS = 1000
/** The same where the system cannot watch the file. */
const UNWATCHED_LOOK_MS = 20
/** Listeners of one cache object. */
const MAX_LISTENERS = 10_000

export interface Subscription {
  /** Only events of this key, and those that concern more than one item; undefined: all events. */
  readonly key: string | undefined
  readonly deliver: (event: ReadEvent) => void
  /** The process stays alive as long as this subscription. */
  readonly keepAlive: boolean
}

/** The subscriptions to one key, or to all. A list is never changed, but replaced. */
type Subscriptions = readonly Subscription[]

export class EventFeed {
  readonly #lifetime: CacheLifetime
  readonly #byKey = new Map<string | undefined, Subscriptions>()
  #count = 0
  #keepAliveCount = 0
  #reader: EventReader | undefined
  #stopWatching: (() => void) | undefined
  #timer: NodeJS.Timeout | undefined
  #isAsleep = false

  constructor(lifetime: CacheLifetime) {
    this.#lifetime = lifetime
  }

  /**
   * Begins to deliver the events that follow. An error of `deliver` becomes an uncaught exception,
   * and the other subscriptions get the event all the same.
   *
   * @returns a function that ends it
   * @throws UndercroftError - UNDERCROFT_NO_EVENTS, _OPTION_INVALID for too many
   */
  subscribe(subscription: Subscription): () => void {
    if (this.#count === MAX_LISTENERS) throw tooManyListeners(this.#lifetime)
    if (this.#reader === undefined) this.#start()
    const { key, keepAlive } = subscription
    this.#byKey.set(key, [...(this.#byKey.get(key) ?? []), subscription])
    this.#count++
    if (keepAlive) this.#keepAliveCount++
    this.#keepAliveIfAsked()
    return () => this.#unsubscribe(subscription)
  }

  #unsubscribe(subscription: Subscription): void {
    const { key, keepAlive } = subscription
    const before = this.#byKey.get(key) ?? []
    if (!before.includes(subscription)) return // it ended before, or the cache was closed
    const rest = before.filter(other => other !== subscription)
    if (rest.length > 0) this.#byKey.set(key, rest)
    else this.#byKey.delete(key)
    this.#count--
    if (keepAlive) this.#keepAliveCount--
    if (this.#count === 0) this.close()
    else this.#keepAliveIfAsked()
  }

  /** Ends everything. The memory may be gone afterwards. */
  close(): void {
    this.#byKey.clear()
    this.#count = 0
    this.#keepAliveCount = 0
    this.#reader = undefined
    this.#stopWatching?.()
    this.#stopWatching = undefined
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #start(): void {
    const engine = this.#lifetime.use()
    this.#reader = engine.readEvents()
    if (this.#reader === undefined) throw noEvents(this.#lifetime)
    this.#stopWatching = engine.segment.mapping.watch(() => {
      if (this.#isAsleep) this.#look()
    })
    this.#lookIn(0)
  }

  /** Passes on what there is, and decides when to look again. */
  #look(): void {
    clearTimeout(this.#timer)
    this.#isAsleep = false
    let lookInMs = this.#stopWatching === undefined ? UNWATCHED_LOOK_MS : IDLE_LOOK_MS
    try {
      const count = this.#passOn()
      if (this.#reader === undefined) return // a listener closed the cache
      if (count === EVENTS_A_TURN) lookInMs = 0
      else if (count > 0 || !this.#reader.prepareToSleep()) lookInMs = BUSY_LOOK_MS
      else this.#isAsleep = true
    } catch (error) {
      // A caller that uses the broken cache gets the error itself.
      if (!(error instanceof UndercroftError)) throw error
    }
    this.#lookIn(lookInMs)
  }

  /** @returns the number of events */
  #passOn(): number {
    for (let count = 0; count < EVENTS_A_TURN; count++) {
      const event = this.#reader?.next()
      if (event === undefined) return count
      deliver(event, this.#byKey.get(undefined))
      if (isItemEvent(event)) deliver(event, this.#byKey.get(event.key))
      else for (const [key, list] of [...this.#byKey]) if (key !== undefined) deliver(event, list)
    }
    return EVENTS_A_TURN
  }

  #lookIn(ms: number): void {
    this.#timer = setTimeout(() => this.#look(), ms)
    this.#keepAliveIfAsked()
  }

  #keepAliveIfAsked(): void {
    if (this.#keepAliveCount > 0) this.#timer?.ref()
    else this.#timer?.unref()
  }
}

function deliver(event: ReadEvent, subscriptions: Subscriptions = []): void {
  for (const subscription of subscriptions) {
    try {
      subscription.deliver(event)
    } catch (error) {
      queueMicrotask(() => {
        throw error
      })
    }
  }
}

function noEvents({ segment }: CacheLifetime): UndercroftError {
  return new UndercroftError(
    'UNDERCROFT_NO_EVENTS',
    `${segment.label} publishes no events: it was created without the option events. ` +
      'Destroy it, and create it with events: 10_000 or another number',
  )
}

function tooManyListeners({ segment }: CacheLifetime): UndercroftError {
  return invalidOption(
    `the listeners of ${segment.label}`,
    `at most ${MAX_LISTENERS}; end those that are not used any more`,
    MAX_LISTENERS + 1,
  )
}
