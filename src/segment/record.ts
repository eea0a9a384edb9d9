/**
 * Defines records: named fields at fixed offsets. Each byte is declared once.
 */

import { assert } from '../base/index.ts'

/**
 * All fields are little-endian. `i32` is also used for bit patterns and unsigned counts, and `i64`
 * for counts with an atomic addition.
 */
export type FieldType = 'i32' | 'i64' | 'f64'

export interface Field {
  readonly type: FieldType
  /** Bytes from the start of the record. */
  readonly offset: number
}

export interface RecordLayout<Names extends string> {
  readonly size: number
  readonly fields: { readonly [name in Names]: Field }
}

const FIELD_SIZE: Record<FieldType, number> = { i32: 4, i64: 8, f64: 8 }

/** Lays out fields in the given order. Each offset must be a multiple of the field's size. */
export function defineRecord<Names extends string>(
  types: {
    readonly [name in Names]: FieldType
  },
): RecordLayout<Names> {
  let offset = 0
  const fields: Partial<Record<Names, Field>> = {}
  for (const name of Object.keys(types) as Names[]) {
    const type = types[name]
    assert(offset % FIELD_SIZE[type] === 0, `${name} lies on a multiple of its size`)
    fields[name] = { type, offset }
    offset += FIELD_SIZE[type]
  }
  return { size: offset, fields: fields as Record<Names, Field> }
}
