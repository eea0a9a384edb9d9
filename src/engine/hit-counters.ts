/**
 * Hit counters: hits and misses, counted without writing to memory that other threads write.
 *
 * Each opener counts in a cell of its own, and `sum` adds the cells on demand. A cell outlives its
 * opener, and the next opener that claims it continues its counts, so no count is ever lost.
 * Openers that find no free cell share the first one, with atomic additions.
 */

import type { CacheStats } from '../base/index.ts'
import type { LivenessLocks } from '../platform/index.ts'
import {
  CELL,
  CELL_COUNT,
  CELL_STRIDE,
  CELLS_OFFSET,
  FILE_LOCK,
  type Segment,
} from '../segment/index.ts'

const COMMON_CELL = 0
const HITS = CELL.fields.hits.offset / 8
const MISSES = CELL.fields.misses.offset / 8
const NEAR_HITS = CELL.fields.nearHits.offset / 8
const STALE_HITS = CELL.fields.staleHits.offset / 8

export class HitCounters {
  readonly #doubles: Float64Array
  /** The common cell counts in integers, because only integers have an atomic addition. */
  readonly #integers: BigInt64Array
  readonly #locks: LivenessLocks
  readonly #cell: number
  readonly #own: boolean

  constructor(segment: Segment) {
    this.#doubles = segment.doubles
    this.#integers = new BigInt64Array(segment.mapping.buffer)
    this.#locks = segment.mapping.locks
    const cell = this.#claimCell()
    this.#own = cell !== COMMON_CELL
    this.#cell = cellIndex(cell)
  }

  countHit(): void {
    if (this.#own) this.#doubles[this.#cell + HITS] += 1
    else Atomics.add(this.#integers, this.#cell + HITS, 1n)
  }

  countMiss(): void {
    if (this.#own) this.#doubles[this.#cell + MISSES] += 1
    else Atomics.add(this.#integers, this.#cell + MISSES, 1n)
  }

  countNearHit(): void {
    if (this.#own) this.#doubles[this.#cell + NEAR_HITS] += 1
    else Atomics.add(this.#integers, this.#cell + NEAR_HITS, 1n)
  }

  /** Counts a stale value that a caller got, in addition to a hit or miss. */
  countStaleHit(): void {
    if (this.#own) this.#doubles[this.#cell + STALE_HITS] += 1
    else Atomics.add(this.#integers, this.#cell + STALE_HITS, 1n)
  }

  sum(): Pick<CacheStats, 'hits' | 'misses' | 'nearHits' | 'staleHits' | 'openers'> {
    const nearHits = this.#sumOf(NEAR_HITS)
    return {
      hits: this.#sumOf(HITS) + nearHits,
      misses: this.#sumOf(MISSES),
      nearHits,
      staleHits: this.#sumOf(STALE_HITS),
      openers: this.#countOpeners(),
    }
  }

  #sumOf(field: number): number {
    let sum = Number(Atomics.load(this.#integers, cellIndex(COMMON_CELL) + field))
    for (let cell = COMMON_CELL + 1; cell < CELL_COUNT; cell++) {
      sum += this.#doubles[cellIndex(cell) + field]
    }
    return sum
  }

  #countOpeners(): number {
    let openers = 1 // this opener, whose own locks do not show
    for (let cell = COMMON_CELL + 1; cell < CELL_COUNT; cell++) {
      if (this.#locks.isHeldElsewhere(FILE_LOCK.firstCell + cell)) openers++
    }
    return openers
  }

  #claimCell(): number {
    for (let cell = COMMON_CELL + 1; cell < CELL_COUNT; cell++) {
      if (this.#locks.tryHold(FILE_LOCK.firstCell + cell)) return cell
    }
    return COMMON_CELL
  }
}

/** @returns the position of a cell, in doubles */
function cellIndex(cell: number): number {
  return (CELLS_OFFSET + cell * CELL_STRIDE) / 8
}
