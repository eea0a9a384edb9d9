/**
 * Commands 0 to 5, which work on the default cache. They have no refusals: no bytes are an answer.
 *
 * uWSGI 2.0.21, plugins/cache/cache.c. Its commands 0, 3, 4 and 5 are broken; these answer as uWSGI
 * meant to.
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
import { isStorableKey, isStorableValue, refusalReasonOf } from './cache-commands.ts'

export interface SimpleContext {
  /** Undefined: the server has no cache, so every answer is empty. */
  readonly cache: ByteCache | undefined
  readonly readOnly: boolean
  /** Largest reply in bytes. Instead of a larger one nothing is sent. */
  readonly maxReplySize: number
}

/** The buffers to send before the connection closes. */
export type SimpleReply = readonly Uint8Array[]

export function answerSimpleCommand(
  modifier2: number,
  payload: Buffer,
  context: SimpleContext,
): SimpleReply {
  try {
    return run(modifier2, payload, context)
  } catch (error) {
    if (refusalReasonOf(error) === undefined) throw error
    return NOTHING
  }
}

const NOTHING: SimpleReply = []

function run(modifier2: number, payload: Buffer, context: SimpleContext): SimpleReply {
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

function findValue(cache: ByteCache, key: Buffer): Buffer | undefined {
  return isStorableKey(cache, key) ? cache.getItem(key)?.bytes : undefined
}

/** A value too large for its 16-bit size is a miss. */
function answerGet(key: Buffer, cache: ByteCache): SimpleReply {
  const value = findValue(cache, key)
  if (value === undefined || value.length > MAX_PACKET_SIZE) return NOTHING
  return [encodePacket(MODIFIER1_CACHE, MODIFIER2_GET, value)]
}

/** The header's second modifier says whether a value follows. It ends with the connection. */
function answerStream(key: Buffer, cache: ByteCache): SimpleReply {
  if (key.length === 0) return NOTHING
  const value = findValue(cache, key)
  const isHit = value === undefined ? 0 : 1
  return encodeDictionaryPacket(MODIFIER1_CACHE, isHit, [], value)
}

/**
 * Answers each `key` and `get` in packet order, including those before a malformed pair. A `get`
 * that misses is the 404 block, but only before the first value: after it the block would be part
 * of the body.
 */
function answerSimple(
  payload: Buffer,
  context: SimpleContext & { readonly cache: ByteCache },
): SimpleReply {
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
