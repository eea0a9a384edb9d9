/**
 * The caches a server serves, by name. The first is the default.
 */

import { type ByteCache, UndercroftError } from '../base/index.ts'

export class CacheSet {
  readonly default: ByteCache
  readonly #byName: ReadonlyMap<string, ByteCache>

  constructor(caches: readonly ByteCache[]) {
    const [first] = caches
    if (first === undefined) {
      throw new UndercroftError('UNDERCROFT_OPTION_INVALID', 'a server needs at least one cache')
    }
    this.default = first
    this.#byName = new Map(caches.map(cache => [cache.name, cache]))
    if (this.#byName.size !== caches.length) {
      const names = caches.map(cache => cache.name).join(', ')
      throw new UndercroftError(
        'UNDERCROFT_OPTION_INVALID',
        `the caches of a server need different names; got ${names}`,
      )
    }
  }

  /** An empty name is the default cache. */
  find(name: string): ByteCache | undefined {
    return name === '' ? this.default : this.#byName.get(name)
  }

  names(): string[] {
    return [...this.#byName.keys()]
  }
}
