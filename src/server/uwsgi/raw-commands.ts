/**
 * Commands 0 to 5, which work on the default cache and know no refusals: nothing is an answer.
 *
 * uWSGI 2.0.21, plugins/cache/cache.c, answering as it was meant to (its 0, 3, 4 and 5 are broken).
 */

import type { ByteCache } from '../../base/index.ts'
import {
  encodeDictionaryPacket,
  encodePacket,
  MAX_PACKET_SIZE,
  MODIFIER1_CACHE,
  MODIFIER2_DELETE,
  MODIFIER2_GET,
  MODIFIER2_SET,
  MODIFIER2_SIMPLE,
  MODIFIER2_SIMPLE_ALIAS,
  MODIFIER2_STREAM,
  NOT_FOUND_BLOCK,
  parseArray,
  parseDictionary,
} from '../../protocols/uwsgi/index.ts'
import { isStorableKey, isStorableValue } from './checks.ts'

export interface RawContext {
  /** Undefined: there is none, and so nothing to answer. */
  readonly cache: ByteCache | undefined
  readonly readOnly: boolean
  /** Largest reply in bytes; a larger one is not given at all. */
  readonly maxReplySize: number
}

/** The buffers to send before the connection closes. */
export type RawReply = readonly Uint8Array[]

export function answerRaw(modifier2: number, payload: Buffer, context: RawContext): RawReply {
  const { cache, readOnly } = context
  if (cache === undefined) return NOTHING
  switch (modifier2) {
    case MODIFIER2_GET:
      return answerGet(payload, cache)
    case MODIFIER2_STREAM:
      return answerStream(payload, cache)
    case MODIFIER2_SIMPLE:
    case MODIFIER2_SIMPLE_ALIAS:
      return answerSimple(payload, { ...context, cache })
    case MODIFIER2_SET:
      if (!readOnly) storeIfAbsent(payload, cache)
      return NOTHING
    case MODIFIER2_DELETE:
      if (!readOnly && isStorableKey(cache, payload)) cache.delete(payload)
      return NOTHING
    default:
      return NOTHING
  }
}

const NOTHING: RawReply = []

function findValue(cache: ByteCache, key: Buffer): Buffer | undefined {
  return isStorableKey(cache, key) ? cache.getItem(key)?.bytes : undefined
}

/** A value that the 16-bit size cannot describe is a miss. */
function answerGet(key: Buffer, cache: ByteCache): RawReply {
  const value = findValue(cache, key)
  if (value === undefined || value.length > MAX_PACKET_SIZE) return NOTHING
  return [encodePacket(MODIFIER1_CACHE, MODIFIER2_GET, value)]
}

/** The header's second modifier says whether there is a value; its end is the connection's. */
function answerStream(key: Buffer, cache: ByteCache): RawReply {
  if (key.length === 0) return NOTHING
  const value = findValue(cache, key)
  const isHit = value === undefined ? 0 : 1
  return encodeDictionaryPacket(MODIFIER1_CACHE, isHit, [], value)
}

/**
 * Each `key` and `get` in packet order, also those before a malformed pair. A missing `get` is the
 * 404 block, but only while nothing has been sent: after a value it would be part of the body.
 */
function answerSimple(
  payload: Buffer,
  context: RawContext & { readonly cache: ByteCache },
): RawReply {
  const replies: Uint8Array[] = []
  let size = 0
  for (const [name, key] of parseDictionary(payload).pairs) {
    if ((name !== 'key' && name !== 'get') || key.length === 0) continue
    const value = findValue(context.cache, key)
    if (value !== undefined) replies.push(value)
    else if (name === 'get' && replies.length === 0) replies.push(NOT_FOUND_BLOCK)
    size += value?.length ?? 0
    if (size > context.maxReplySize) return NOTHING // one packet can name a large value often
  }
  return replies
}

function storeIfAbsent(payload: Buffer, cache: ByteCache): void {
  const [key, value] = parseArray(payload) ?? []
  if (key === undefined || value === undefined) return
  if (isStorableKey(cache, key) && isStorableValue(cache, value.length)) {
    cache.add(key, value, { ttlMs: Number.POSITIVE_INFINITY })
  }
}
