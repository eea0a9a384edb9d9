/**
 * Finding the cache that a rule names, and treating its failures as misses.
 */

import {
  type Awaitable,
  type CacheKey,
  type CounterOperation,
  hasAddress,
  UndercroftError,
} from '../../base/index.ts'
import { toPlainText } from './byte-text.ts'
import type { RuleScope } from './rule.ts'
import type { RouteCache, RuleContext, RuleDeps, StoreRequest } from './rule-context.ts'
import type { Template } from './template.ts'

/** Finds the cache for a request. A cache that does not exist answers null to every call. */
export type FindCache = (context: RuleContext) => RouteCache

/**
 * Compiles a `name` parameter, which may depend on the request. In uWSGI only the one of cachestore
 * may (docs/reference/uwsgi-faults.md, F57).
 */
export function compileCacheName(
  text: string | undefined,
  compile: (text: string) => Template,
  { cacheNames, deps, warn }: RuleScope,
): FindCache {
  if (text === undefined) {
    if (cacheNames.size === 0) warn('there is no cache; it answers as an empty one')
    const cache = new GuardedCache(deps, undefined)
    return () => cache
  }
  const template = compile(text)
  if (template.isFixed) {
    if (!hasAddress(text) && text !== '' && !cacheNames.has(text)) {
      warn(`there is no cache "${text}"; it answers as an empty one`)
    }
    const cache = new GuardedCache(deps, text)
    return () => cache
  }
  const namesAddress = hasAddress(template.fixedText)
  return context => {
    const name = template.expand(context)
    // A client must not choose the address that the server connects to.
    if (!namesAddress && hasAddress(name)) return NO_CACHE
    return new GuardedCache(deps, toPlainText(name))
  }
}

/** A cache whose failures are misses; without a name the default cache. */
export function guardedCache(deps: RuleDeps, name: string | undefined): RouteCache {
  return new GuardedCache(deps, name)
}

const NO_CACHE: RouteCache = {
  maxValueSize: 0,
  item: () => null,
  exists: () => null,
  store: () => null,
  count: () => null,
}

/** A failure of the cache is logged once and counts as a miss, so the site keeps answering. */
class GuardedCache implements RouteCache {
  readonly #deps: RuleDeps
  readonly #name: string | undefined

  constructor(deps: RuleDeps, name: string | undefined) {
    this.#deps = deps
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

  exists(key: CacheKey): Awaitable<true | null> {
    return this.#guard(cache => cache.exists(key))
  }

  store(key: CacheKey, request: StoreRequest): Awaitable<true | null> {
    return this.#guard(cache => cache.store(key, request))
  }

  count(
    key: CacheKey,
    operation: CounterOperation,
    by: bigint,
    ttlMs: number,
  ): Awaitable<true | null> {
    return this.#guard(cache => cache.count(key, operation, by, ttlMs))
  }

  #guard<T>(call: (cache: RouteCache) => Awaitable<T | null>): Awaitable<T | null> {
    try {
      const answer = call(this.#find())
      return answer instanceof Promise ? answer.catch(error => this.#refuse(error)) : answer
    } catch (error) {
      return this.#refuse(error)
    }
  }

  #find(): RouteCache {
    return this.#deps.findCache(this.#name) ?? NO_CACHE
  }

  #refuse(error: unknown): null {
    if (!(error instanceof UndercroftError)) throw error
    const name = this.#name ?? 'default'
    this.#deps.logOnce(
      `${name}: ${error.code}`,
      `[uwsgi-route] the cache "${name}" failed and answers as an empty one: ${error.message} ` +
        `(${error.code}). Further failures of this kind are not logged`,
    )
    return null
  }
}
