/**
 * Turns at what `cachestore` with `lock` is to store: of all requests that find it missing, in all
 * processes, one asks the application, and the others wait for what it stores.
 *
 * Those who waited are answered by the rules `cache` that had missed, as if they came now. What
 * turns out not to be for storing is remembered for a while, or all who want it would ask one after
 * the other.
 */

import type { CacheKey, CacheLike } from '../../base/index.ts'
import { DEFAULT_WAIT_MS, type Lease, SingleFlight } from '../../single-flight/index.ts'
import type { Exchange, MissedRule, World } from './exchange.ts'
import type { Flow, StoreTurn } from './flow.ts'
import type { RouteCache } from './host.ts'

/** How long nobody waits for a response that was not for storing. */
const NOT_STORED_MS = 10_000

/** More are forgotten, the first first: then one request asks alone once more. */
const MAX_NOT_STORED = 1000

/**
 * Takes a turn, or waits. A flow: the request is answered. Undefined: it is to ask the application,
 * with a turn in the exchange if others wait for it.
 */
export function takeTurn(
  exchange: Exchange,
  { cache }: RouteCache,
  key: CacheKey,
): Promise<Flow | undefined> | undefined {
  const { missed, world } = exchange
  if (cache === undefined || missed === undefined) {
    const why = cache === undefined ? 'in a cache elsewhere' : 'without a rule cache before it'
    world.logOnce(`lock ${why}`, `[uwsgi-route] cachestore: lock means nothing ${why}`)
    return undefined
  }
  const site = siteOf(cache, world)
  return site.isKnownNotStored(key) ? undefined : site.enter(exchange, missed, key)
}

const sites = new WeakMap<CacheLike, TurnSite>()

function siteOf(cache: CacheLike, world: World): TurnSite {
  const known = sites.get(cache)
  if (known !== undefined) return known
  const fresh = new TurnSite(cache, world)
  sites.set(cache, fresh)
  return fresh
}

/** One for each cache. */
class TurnSite {
  readonly #flight: SingleFlight
  readonly #world: World
  /** Until when, by key; the oldest first. */
  readonly #notStored = new Map<string, number>()

  constructor(cache: CacheLike, world: World) {
    const onError = (error: unknown) => this.#report(error)
    this.#flight = new SingleFlight({ cache, clock: world.host.clock, onError })
    this.#world = world
  }

  isKnownNotStored(key: CacheKey): boolean {
    const untilMs = this.#notStored.get(nameOf(key))
    return untilMs !== undefined && this.#world.host.clock.elapsedMs() < untilMs
  }

  async enter(
    exchange: Exchange,
    missed: readonly MissedRule[],
    key: CacheKey,
  ): Promise<Flow | undefined> {
    // Not to be waited for is as good as found: whoever waits goes on.
    const find = () =>
      this.isKnownNotStored(key) || missed.some(rule => rule.isThere()) || undefined
    try {
      const turn = await this.#flight.enter(key, find, DEFAULT_WAIT_MS)
      if (turn.kind === 'found') return answerOf(missed)
      if (turn.kind === 'lead') exchange.turn = this.#turnOf(key, turn.lease)
    } catch (error) {
      this.#report(error)
    }
    return undefined
  }

  #turnOf(key: CacheKey, lease: Lease): StoreTurn {
    let isOver = false
    return {
      end: isStorable => {
        if (isOver) return
        isOver = true
        if (!isStorable) this.#remember(nameOf(key))
        void lease.end()
      },
    }
  }

  #remember(name: string): void {
    this.#notStored.delete(name)
    this.#notStored.set(name, this.#world.host.clock.elapsedMs() + NOT_STORED_MS)
    const [oldest] = this.#notStored.keys()
    if (this.#notStored.size > MAX_NOT_STORED && oldest !== undefined) {
      this.#notStored.delete(oldest)
    }
  }

  #report(error: unknown): void {
    this.#world.logOnce('turns', `[uwsgi-route] cachestore: lock failed: ${error}`)
  }
}

/** The first rule that has it now answers. */
function answerOf(missed: readonly MissedRule[]): Flow | undefined {
  const there = missed.find(rule => rule.isThere())
  const flow = there?.ask()
  return flow === 'next' ? undefined : flow
}

function nameOf(key: CacheKey): string {
  return typeof key === 'string' ? key : Buffer.from(key).toString('latin1')
}
