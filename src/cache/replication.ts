/**
 * Implements the operations of replication and dumps; see base/replicable.ts.
 */

import {
  type CacheChange,
  type CacheKey,
  type ChangeListener,
  type Clock,
  type ItemPage,
  isExpired,
  NEVER,
  type ReplicationAccess,
  type RestoredItem,
  type SegmentFile,
  type ValueSource,
} from '../base/index.ts'
import {
  encodedBytes,
  encodeValue,
  findTypeName,
  requireSource,
  STORED_TYPES,
  sourceOf,
  type ValueCodec,
} from '../codecs/index.ts'
import type { ChangeFeed } from './change-feed.ts'
import { readItemPage } from './items.ts'
import type { CacheLifetime } from './lifetime.ts'

export class CacheReplication implements ReplicationAccess {
  readonly #lifetime: CacheLifetime
  readonly #values: ValueCodec
  readonly #clock: Clock
  readonly #feed: ChangeFeed

  constructor(lifetime: CacheLifetime, values: ValueCodec, clock: Clock, feed: ChangeFeed) {
    this.#lifetime = lifetime
    this.#values = values
    this.#clock = clock
    this.#feed = feed
  }

  observe(listener: ChangeListener): () => void {
    this.#lifetime.use()
    return this.#feed.observe(listener)
  }

  get file(): SegmentFile | undefined {
    return this.#lifetime.use().segment.file
  }

  apply(change: CacheChange): boolean {
    const engine = this.#lifetime.use()
    if (change.kind === 'delete') return engine.delete(change.key)
    const atMs = engine.segment.geometry.ignoresTtl ? NEVER : change.expiresAtMs
    if (isExpired(atMs, this.#clock.nowMs())) {
      engine.delete(change.key)
      return true
    }
    const source = this.#values.pack(sourceOfChange(change))
    return engine.store(change.key, source, atMs, 'set') === 'stored'
  }

  restore({ key, bytes, type = 'bytes', expiresAtMs, circumstances }: RestoredItem): boolean {
    const engine = this.#lifetime.use()
    const isOpaque = type === 'structured' || type === 'custom'
    const encoded = isOpaque
      ? encodedBytes(bytes, STORED_TYPES[type])
      : requireSource({ bytes, type })
    const source = this.#values.pack(encoded)
    const { ignoresTtl } = engine.segment.geometry
    const endsAtMs = ignoresTtl ? NEVER : expiresAtMs
    const own =
      ignoresTtl && circumstances ? { ...circumstances, freshUntilMs: NEVER } : circumstances
    if (engine.store(key, source, endsAtMs, 'set', own) !== 'stored') return false
    // Other nodes keep no stale items: to them, the item ends with its freshness.
    if (this.#feed.isObserved) this.#feed.stored(key, source, own?.freshUntilMs || endsAtMs)
    return true
  }

  promote(key: CacheKey): void {
    const engine = this.#lifetime.use()
    if (engine.has(key)) engine.touch(key, engine.found.expiresAtMs)
  }

  itemPage(cursor: number, maxSize: number): ItemPage {
    return readItemPage(this.#lifetime.use(), this.#values, cursor, maxSize)
  }
}

/** Another node wrote the bytes, so they keep their type only if they are of it. */
function sourceOfChange({ value, type }: Extract<CacheChange, { kind: 'set' }>): ValueSource {
  const known = findTypeName(type ?? 'bytes')
  const source = known === undefined ? undefined : sourceOf({ bytes: value, type: known })
  return source ?? encodeValue(value)
}
