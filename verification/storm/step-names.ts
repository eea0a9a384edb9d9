/**
 * What each byte of a segment is called, so that a store has a name: `slot.info`, `bucket.version`.
 */

import {
  ADAPTIVE,
  BOOT,
  BOOT_OFFSET,
  BUCKET,
  CELLS_OFFSET,
  type Layout,
  LOCK,
  LOCK_OFFSET,
  SLOT,
  SLOT_STRIDE,
  STATE,
  STATE_OFFSET,
  USE_CLOCK_OFFSET,
} from '../../src/segment/index.ts'

interface Fields {
  readonly fields: Readonly<Record<string, { readonly offset: number }>>
}

/** A stretch of the segment: up to the start of the next. */
interface Region {
  readonly name: string
  readonly start: number
  /** Of its records; undefined: it has no fields. */
  readonly record?: Fields
  readonly stride?: number
}

/** The name of what is at an offset of a segment with this layout. */
export function stepNamer(layout: Layout): (offset: number) => string {
  const regions = regionsOf(layout)
  return offset => {
    const region = regions.findLast(({ start }) => start <= offset)
    if (region === undefined) return 'before the segment'
    const { name, start, record, stride } = region
    if (record === undefined) return name
    const within = stride === undefined ? offset - start : (offset - start) % stride
    const fields = Object.entries(record.fields).sort(([, a], [, b]) => a.offset - b.offset)
    const field = fields.findLast(([, { offset: at }]) => at <= within)?.[0] ?? '?'
    return record === SLOT && within >= SLOT.size ? 'slot.key' : `${name}.${field}`
  }
}

function regionsOf(layout: Layout): Region[] {
  // A region that this geometry lacks begins where the next one does, and then is not the last.
  return [
    { name: 'header', start: 0 },
    { name: 'boot', start: BOOT_OFFSET, record: BOOT },
    { name: 'lock', start: LOCK_OFFSET, record: LOCK },
    { name: 'state', start: STATE_OFFSET, record: STATE },
    { name: 'use clock', start: USE_CLOCK_OFFSET },
    { name: 'cell', start: CELLS_OFFSET },
    { name: 'bucket', start: layout.bucketsOffset, record: BUCKET, stride: BUCKET.size },
    { name: 'slot', start: layout.slotsOffset, record: SLOT, stride: SLOT_STRIDE },
    { name: 'key tail', start: layout.keyTailsOffset },
    { name: 'last use', start: layout.usesOffset },
    { name: 'heap', start: layout.heapOffset },
    { name: 'adaptive', start: layout.adaptiveOffset, record: ADAPTIVE },
    { name: 'use count', start: layout.useCountsOffset },
    { name: 'queue', start: layout.queuesOffset },
    { name: 'ghost', start: layout.ghostsOffset },
    { name: 'checksum', start: layout.checksumsOffset },
    { name: 'block map', start: layout.blockMapOffset },
    { name: 'value', start: layout.blocksOffset },
  ]
}
