/**
 * The parts that all operations on one segment share. Each part owns its own bytes of the segment,
 * and the context only holds the parts together.
 */

import type { Clock } from '../base/index.ts'
import type { Segment } from '../segment/index.ts'
import { Blocks } from './blocks.ts'
import { Checksums } from './checksums.ts'
import { EventRing } from './events/event-ring.ts'
import { Adaptive } from './eviction/adaptive.ts'
import type { Eviction } from './eviction/eviction.ts'
import { Lru } from './eviction/lru.ts'
import { LivenessCheck } from './liveness.ts'
import { Metrics } from './metrics.ts'
import { Pins } from './pins.ts'
import { Room } from './room.ts'
import { SlotTable } from './slot-table.ts'
import { LastChange } from './state.ts'
import { TagTable } from './tag-table.ts'

export interface EngineOptions {
  readonly clock: Clock
  readonly lockTimeoutMs: number
  /** If true, every process keeps the moment of the last change from now on. */
  readonly lastModified?: boolean
}

export interface EngineContext {
  readonly segment: Segment
  readonly clock: Clock
  readonly table: SlotTable
  readonly blocks: Blocks
  readonly tags: TagTable
  readonly liveness: LivenessCheck
  readonly pins: Pins
  /** Undefined if the cache does not evict single items. */
  readonly eviction: Eviction | undefined
  /** Defined for stores only. */
  readonly checksums: Checksums | undefined
  readonly lastChange: LastChange
  /** Undefined if the cache publishes no events. */
  readonly events: EventRing | undefined
  readonly metrics: Metrics
}

export function createEngineContext(segment: Segment, clock: Clock): EngineContext {
  const room = new Room(segment, clock)
  const table = new SlotTable(segment, room)
  const blocks = new Blocks(segment, room)
  const tags = new TagTable(segment)
  return {
    segment,
    clock,
    table,
    blocks,
    tags,
    liveness: new LivenessCheck(segment, blocks, tags, clock),
    pins: new Pins(segment),
    eviction: createEviction(segment, table),
    checksums: segment.geometry.checksums ? new Checksums(segment, blocks) : undefined,
    lastChange: new LastChange(segment, clock),
    events: segment.geometry.eventPlaces > 0 ? new EventRing(segment, table) : undefined,
    metrics: new Metrics(segment),
  }
}

function createEviction(segment: Segment, table: SlotTable): Eviction | undefined {
  switch (segment.geometry.eviction) {
    case 'adaptive':
      return new Adaptive(segment, table)
    case 'lru':
      return new Lru(segment, table)
    case 'none':
    case 'clear':
      return undefined
  }
}
