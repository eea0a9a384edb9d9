/**
 * Checks and completes the options of near copies.
 */

import {
  invalidOption,
  type OptionNames,
  requireBoolean,
  requireInteger,
  requireKnownNames,
} from '../base/index.ts'

/** The near copies that a thread keeps. A get of a near copy is as fast as one of a local cache. */
export interface NearOptions {
  /** Maximum number of values kept. @default 16384 */
  readonly maxItems?: number | undefined
  /** Approximate maximum of their bytes. @default 8388608 (8 MiB) */
  readonly maxSize?: number | undefined
  /**
   * Keep plain objects and arrays, too. `get` then returns the same, deeply frozen object to
   * several callers. @default false
   */
  readonly objects?: boolean | undefined
  /**
   * Keep bytes, too. `get` then returns the same Buffer to several callers. They must not write to
   * it, although nothing can prevent that. @default false
   */
  readonly buffers?: boolean | undefined
}

export interface ResolvedNear {
  readonly maxItems: number
  readonly maxSize: number
  readonly objects: boolean
  readonly buffers: boolean
}

const NEAR_NAMES: OptionNames<NearOptions> = {
  maxItems: true,
  maxSize: true,
  objects: true,
  buffers: true,
}
const NO_NEAR: ResolvedNear = { maxItems: 0, maxSize: 0, objects: false, buffers: false }
const DEFAULT_NEAR_ITEMS = 16_384
const DEFAULT_NEAR_SIZE = 8 * 1024 * 1024
const MAX_NEAR_ITEMS = 2 ** 22

export function resolveNear(near: NearOptions | false): ResolvedNear {
  if (near === false) return NO_NEAR
  if (typeof near !== 'object' || near === null) {
    throw invalidOption('near', 'false or an object', near)
  }
  requireKnownNames('near', near, NEAR_NAMES)
  const { maxItems, maxSize, objects = false, buffers = false } = near
  return {
    maxItems: requireInteger('near.maxItems', maxItems ?? DEFAULT_NEAR_ITEMS, 1, MAX_NEAR_ITEMS),
    maxSize: requireInteger(
      'near.maxSize',
      maxSize ?? DEFAULT_NEAR_SIZE,
      1,
      Number.MAX_SAFE_INTEGER,
    ),
    objects: requireBoolean('near.objects', objects),
    buffers: requireBoolean('near.buffers', buffers),
  }
}
