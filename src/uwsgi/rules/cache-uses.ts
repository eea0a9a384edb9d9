/**
 * Which rules store bodies in a cache, and with which types rules serve them.
 *
 * A cache holds only bodies, so the rule that serves one chooses its type: JSON that is served as
 * text/html becomes a page, with any script in it.
 */

/** One rule `cache` or `cachestore`. */
export interface CacheUse {
  /** As written; undefined: the default cache. */
  readonly cacheName: string | undefined
  /** As written. */
  readonly keyText: string
}

interface ServingRule extends CacheUse {
  readonly typeOf: (key: string) => string
}

export class CacheUses {
  readonly #defaultName: string | undefined
  readonly #serving: ServingRule[] = []
  readonly #storing = new Set<string | undefined>()

  constructor(cacheNames: ReadonlySet<string>) {
    ;[this.#defaultName] = cacheNames
  }

  /** @param typeOf - the type with which the rule serves the item under a key */
  addServing(rule: CacheUse, typeOf: (key: string) => string): void {
    this.#serving.push({ ...rule, typeOf })
  }

  addStoring({ cacheName }: CacheUse): void {
    this.#storing.add(this.#resolve(cacheName))
  }

  /** Whether `cachestore` writes to the cache. */
  storesIn(cacheName: string): boolean {
    return this.#storing.has(this.#resolve(cacheName === '' ? undefined : cacheName))
  }

  /**
   * The types with which rules serve what a rule stores. Rules with the same key count alone.
   *
   * @returns an empty list if the body is not served by a rule
   */
  typesFor({ cacheName, keyText }: CacheUse, key: string): readonly string[] {
    const name = this.#resolve(cacheName)
    const ofCache = this.#serving.filter(rule => {
      const other = this.#resolve(rule.cacheName)
      return other === name || isVariable(other) || isVariable(name)
    })
    const ofKey = ofCache.filter(rule => rule.keyText === keyText)
    return (ofKey.length === 0 ? ofCache : ofKey).map(rule => mediaTypeOf(rule.typeOf(key)))
  }

  #resolve(cacheName: string | undefined): string | undefined {
    return cacheName ?? this.#defaultName
  }
}

/** A media type without its parameters. */
export function mediaTypeOf(contentType: string): string {
  return (contentType.split(';', 1)[0] ?? '').trim().toLowerCase()
}

/** Whether a name depends on the request. */
function isVariable(name: string | undefined): boolean {
  return name?.includes('$') === true
}
