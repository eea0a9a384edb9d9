/**
 * Errors that the engine throws, in addition to those that its parts throw where a fault occurs.
 */

import { UndercroftError } from '../base/index.ts'
import type { Segment } from '../segment/index.ts'
import type { NeedsRebuild } from './needs-rebuild.ts'

export function valueTooLarge(segment: Segment, size: number, limit: number): UndercroftError {
  return new UndercroftError(
    'UNDERCROFT_VALUE_TOO_LARGE',
    `a value of ${size} bytes does not fit: ${segment.label} takes at most ` +
      `${limit} (blockSize${segment.geometry.bitmap ? ' times blocks' : ''})`,
  )
}

export function staysBroken(segment: Segment, failure: NeedsRebuild): UndercroftError {
  return new UndercroftError(
    'UNDERCROFT_CORRUPT',
    `${segment.label} stays broken after recovery: ${failure.message}`,
  )
}

export function brokenTrailer(segment: Segment): UndercroftError {
  return new UndercroftError(
    'UNDERCROFT_CORRUPT',
    `${segment.label} is corrupt: the tags of an item cannot be read. ` +
      'Run "undercroft verify", then destroy it',
  )
}

export function changesUnderLock(segment: Segment): UndercroftError {
  return new UndercroftError(
    'UNDERCROFT_CORRUPT',
    `${segment.label} changes although its lock is held: something else writes to it`,
  )
}
