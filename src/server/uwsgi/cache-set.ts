/**
 * The caches a server serves, by name. The first is the default.
 */

import { type ByteCache, UndercroftError } from '../../base/index.ts'

export class CacheSet {
  /** Undefined: there is none at all. */
  readonly default: ByteCache | undefined
  /** Dumps that are being made and sent now, by all connections of this server. */
  dumpCount = 0
  readonly #byName: ReadonlyMap<string, ByteCache>

  constructor(caches: readonly ByteCache[]) {
    this.default = caches[0]
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
