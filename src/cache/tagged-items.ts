/**
 * Implements what the HTTP cache asks for; see base/tagged-items.ts.
 */

import {
  type CacheKey,
  type NewTaggedItem,
  SET_OPTION_NAMES,
  type TaggedItem,
  type TaggedItems,
  type TaggedOutcome,
} from '../base/index.ts'
import { copyStored, encodedBytes, STORED_TYPES, type ValueCodec } from '../codecs/index.ts'
import type { ItemWrites, StoreCall } from './item-writes.ts'
import type { CacheLifetime } from './lifetime.ts'

const SET_TAGGED: StoreCall = { name: 'setItem', mode: 'set', optionNames: SET_OPTION_NAMES }

export class CacheTaggedItems implements TaggedItems {
  readonly #lifetime: CacheLifetime
  readonly #values: ValueCodec
  readonly #writes: ItemWrites

  constructor(lifetime: CacheLifetime, values: ValueCodec, writes: ItemWrites) {
    this.#lifetime = lifetime
    this.#values = values
    this.#writes = writes
  }

  get maxTags(): number {
    return this.#lifetime.use().segment.geometry.maxTags
  }

  get generation(): number {
    return this.#lifetime.use().generation
  }

  getItem(key: CacheKey): TaggedItem | undefined {
    const engine = this.#lifetime.use()
    const stored = engine.get(key, copyStored, true)
    if (stored === undefined) return undefined
    const { expiresAtMs, isStale } = engine.found
    return { ...this.#values.unpack(stored), expiresAtMs, isStale }
  }

  setItem(key: CacheKey, { bytes, ttlMs, tags, madeAt }: NewTaggedItem): TaggedOutcome {
    const source = this.#values.pack(encodedBytes(bytes, STORED_TYPES.bytes))
    const outcome = this.#writes.tryStore(SET_TAGGED, key, source, { ttlMs, tags }, { madeAt })
    return outcome === 'stored' || outcome === 'outdated' ? outcome : 'full'
  }

  deleteTag(tag: string, soft: boolean): void {
    this.#lifetime.use().deleteTag(tag, soft)
  }
}
