/**
 * Which cache a rule means, and what becomes of its failures.
 */

import { type CacheKey, type CounterOperation, UndercroftError } from '../../base/index.ts'
import { toPlainText } from './byte-text.ts'
import type { Exchange, World } from './exchange.ts'
import type { Later, RouteCache, StoreRequest } from './host.ts'
import type { RuleContext } from './rule.ts'
import type { Template } from './template.ts'

/** Finds the cache for a request. What does not exist answers no to everything. */
export type FindCache = (exchange: Exchange) => RouteCache

/**
 * Compiles a `name` parameter, which may depend on the request (in uWSGI only that of cachestore
 * may, spec/known-faults F57).
 */
export function compileCacheName(
  text: string | undefined,
  compile: (text: string) => Template,
  { cacheNames, world, warn }: RuleContext,
): FindCache {
  if (text === undefined) {
    if (cacheNames.size === 0) warn('there is no cache; it answers as an empty one')
    const cache = new GuardedCache(world, undefined)
    return () => cache
  }
  const template = compile(text)
  if (template.isFixed) {
    if (!text.includes('@') && text !== '' && !cacheNames.has(text)) {
      warn(`there is no cache "${text}"; it answers as an empty one`)
    }
    const cache = new GuardedCache(world, text)
    return () => cache
  }
  const namesAddress = template.fixedText.includes('@')
  return exchange => {
    const name = template.expand(exchange)
    // A client must not choose whom we connect to.
    if (!namesAddress && name.includes('@')) return NO_CACHE
    return new GuardedCache(world, toPlainText(name))
  }
}

/** A cache by its name, without one the default cache, whose failures are misses. */
export function guardedCache(world: World, name: string | undefined): RouteCache {
  return new GuardedCache(world, name)
}

const NO_CACHE: RouteCache = {
  maxValueSize: 0,
  item: () => null,
  exists: () => null,
  store: () => null,
  count: () => null,
}

/** A cache that fails is logged, and is as good as an empty one: the site goes on. */
class GuardedCache implements RouteCache {
  readonly #world: World
  readonly #name: string | undefined

  constructor(world: World, name: string | undefined) {
    this.#world = world
    this.#name = name
  }

  get cache(): RouteCache['cache'] {
    const cache = this.#guard(({ cache = null }) => ({ cache }))
    return cache instanceof Promise ? undefined : (cache?.cache ?? undefined)
  }

  get maxValueSize(): number {
    const size = this.#guard(cache => cache.maxValueSize)
    return typeof size === 'number' ? size : 0
  }

  item(key: CacheKey): ReturnType<RouteCache['item']> {
    return this.#guard(cache => cache.item(key))
  }

  exists(key: CacheKey): Later<true | null> {
    return this.#guard(cache => cache.exists(key))
  }

  store(key: CacheKey, request: StoreRequest): Later<true | null> {
    return this.#guard(cache => cache.store(key, request))
  }

  count(key: CacheKey, operation: CounterOperation, by: bigint, ttlMs: number): Later<true | null> {
    return this.#guard(cache => cache.count(key, operation, by, ttlMs))
  }

  #guard<T>(act: (cache: RouteCache) => Later<T | null>): Later<T | null> {
    try {
      const answer = act(this.#find())
      return answer instanceof Promise ? answer.catch(error => this.#refuse(error)) : answer
    } catch (error) {
      return this.#refuse(error)
    }
  }

  #find(): RouteCache {
    return this.#world.host.findCache(this.#name) ?? NO_CACHE
  }

  #refuse(error: unknown): null {
    if (!(error instanceof UndercroftError)) throw error
    const name = this.#name ?? 'default'
    this.#world.logOnce(
      `${name}: ${error.code}`,
      `[uwsgi-route] the cache "${name}" failed and answers as an empty one: ${error.message} ` +
        `(${error.code}). Further failures of this kind are not logged`,
    )
    return null
  }
}
