/**
 * A name for each byte of a segment, which is the name of a store to it: `slot.info`,
 * `bucket.version`.
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
  TAG,
  USE_CLOCK_OFFSET,
} from '../../src/segment/index.ts'

interface Fields {
  readonly fields: Readonly<Record<string, { readonly offset: number }>>
}

/** A region of the segment, which ends where the next one starts. */
interface Region {
  readonly name: string
  readonly start: number
  /** The fields of its records; undefined if the region has none. */
  readonly record?: Fields
  readonly stride?: number
}

/** @returns a function that names the field at an offset of a segment with this layout */
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
  // A region that this geometry lacks starts where the next one starts, so it is never the last.
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
    { name: 'tag', start: layout.tagsOffset, record: TAG, stride: TAG.size },
    { name: 'block map', start: layout.blockMapOffset },
    { name: 'value', start: layout.blocksOffset },
  ]
}
