/**
 * Heads of records that were parsed before, so that a hit does not parse its own again.
 *
 * Never stale: what is kept for a key counts only while the record in the cache has the digest of
 * that head.
 */

import { PreparedHead } from './prepared-page.ts'
import { findHead, type PassHead, parseHead, type SealedHead, type VaryHead } from './record.ts'

/** What a record is, ready for use. */
export type KnownRecord = PreparedHead | VaryHead | PassHead

/** A record with its body, which shares memory with the bytes it was read from. */
export interface FoundRecord {
  readonly known: KnownRecord
  readonly body: Buffer
}

/** Together with the next limit, some 10 MiB at most. */
const MAX_KEPT = 2000
const MAX_KEPT_SIZE = 4096

export class HeadMemo {
  readonly #kept = new Map<string, { readonly sealed: SealedHead; readonly known: KnownRecord }>()

  /** Undefined: the bytes are no record, or not a whole one. */
  read(key: string, bytes: Buffer): FoundRecord | undefined {
    const sealed = findHead(bytes)
    if (sealed === undefined) return undefined
    const kept = this.#kept.get(key)
    const known =
      kept !== undefined && isSame(kept.sealed, sealed)
        ? kept.known
        : this.#parse(key, bytes, sealed)
    if (known === undefined) return undefined
    const body = bytes.subarray(sealed.bodyOffset)
    const isWhole = !(known instanceof PreparedHead) || known.head.bodySize === body.length
    return isWhole ? { known, body } : undefined
  }

  #parse(key: string, bytes: Buffer, sealed: SealedHead): KnownRecord | undefined {
    const head = parseHead(bytes, sealed.bodyOffset)
    if (head === undefined) return undefined
    const known = head.kind === 'page' ? new PreparedHead(head) : head
    if (sealed.bodyOffset <= MAX_KEPT_SIZE) this.#keep(key, { sealed, known })
    return known
  }

  #keep(key: string, kept: { readonly sealed: SealedHead; readonly known: KnownRecord }): void {
    this.#kept.delete(key)
    const [oldest] = this.#kept.keys()
    if (this.#kept.size >= MAX_KEPT && oldest !== undefined) this.#kept.delete(oldest)
    this.#kept.set(key, kept)
  }
}

function isSame(first: SealedHead, second: SealedHead): boolean {
  return (
    first.digest === second.digest &&
    first.moreDigest === second.moreDigest &&
    first.bodyOffset === second.bodyOffset
  )
}
