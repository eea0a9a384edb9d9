/**
 * What the caches would refuse with an error, asked beforehand: to a client it is an answer.
 */

import {
  type ByteCache,
  type EncodedValue,
  type ErrorCode,
  UndercroftError,
} from '../../base/index.ts'
import { findTypeName } from '../../codecs/index.ts'
import type { RefusalReason } from '../../protocols/uwsgi/index.ts'

export function isStorableKey(cache: ByteCache, key: Buffer): boolean {
  return key.length > 0 && key.length <= cache.maxKeySize
}

/** An empty value cannot be told from a miss by uWSGI's clients, so it is refused as there. */
export function isStorableValue(cache: ByteCache, size: number): boolean {
  return size > 0 && size <= cache.maxValueSize
}

/** Bytes with the name of what they are; undefined: there is no such name. */
export function encodedValue(bytes: Buffer, type: string | undefined): EncodedValue | undefined {
  const name = findTypeName(type ?? 'bytes')
  return name && { bytes, type: name }
}

/** What the client got wrong; undefined: the failure is not the client's. */
export function refusalReasonOf(error: unknown): RefusalReason | undefined {
  return error instanceof UndercroftError ? REASONS.get(error.code) : undefined
}

const REASONS: ReadonlyMap<ErrorCode, RefusalReason> = new Map([
  ['UNDERCROFT_KEY_INVALID', 'key'],
  ['UNDERCROFT_VALUE_TOO_LARGE', 'too-large'],
  ['UNDERCROFT_NOT_A_COUNTER', 'not-a-counter'],
  ['UNDERCROFT_COUNTER_RANGE', 'out-of-range'],
  ['UNDERCROFT_VALUE_UNSUPPORTED', 'bad-request'],
  ['UNDERCROFT_OPTION_INVALID', 'bad-request'],
])
