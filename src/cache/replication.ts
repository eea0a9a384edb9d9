/**
 * Implements the operations of replication and dumps; see base/replicable.ts.
 */

import {
  type CacheChange,
  type CacheKey,
  type Clock,
  type ItemPage,
  isExpired,
  NEVER,
  type ReplicationAccess,
  type SegmentFile,
} from '../base/index.ts'
import { encodeValue } from '../codecs/index.ts'
import { readItemPage } from './items.ts'
import type { CacheLifetime } from './lifetime.ts'

export class CacheReplication implements ReplicationAccess {
  readonly #lifetime: CacheLifetime
  readonly #clock: Clock

  constructor(lifetime: CacheLifetime, clock: Clock) {
    this.#lifetime = lifetime
    this.#clock = clock
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
    return engine.store(change.key, encodeValue(change.value), atMs, 'set') === 'stored'
  }

  promote(key: CacheKey): void {
    const engine = this.#lifetime.use()
    if (engine.has(key)) engine.touch(key, engine.found.expiresAtMs)
  }

  itemPage(cursor: number, maxSize: number): ItemPage {
    return readItemPage(this.#lifetime.use(), cursor, maxSize)
  }
}
