/**
 * Requests that are whole in what was read at once and want one reply: answered from bytes to
 * bytes, without a connection's state.
 */

import type { Budget, Limits } from '../../net/index.ts'
import {
  HEADER_SIZE,
  type MagicRequest,
  MODIFIER1_CACHE,
  MODIFIER2_MAGIC,
  parseHeader,
  parseMagicRequest,
} from '../../protocols/uwsgi/index.ts'
import { checkRequest, type MagicContext, type Outcome, runRequest } from './magic-commands.ts'
import { encodeOutcome } from './magic-reply.ts'

export interface WholeContext extends MagicContext {
  readonly limits: Limits
  readonly budget: Budget
}

/**
 * The reply after which the connection closes. Undefined: the bytes are anything else than exactly
 * one request of modifier2 17 that does not ask to keep the connection, and nothing was done.
 *
 * The other commands are nginx's, which may send a client's body after the packet.
 */
export function answerWhole(
  bytes: Buffer,
  context: WholeContext,
): readonly Uint8Array[] | undefined {
  const { limits, budget } = context
  if (bytes.length < HEADER_SIZE || bytes.length > budget.left) return undefined
  const { modifier1, packetSize, modifier2 } = parseHeader(bytes)
  if (modifier1 !== MODIFIER1_CACHE || modifier2 !== MODIFIER2_MAGIC) return undefined
  const packetEnd = HEADER_SIZE + packetSize
  if (packetSize > limits.bufferSize || packetEnd > bytes.length) return undefined
  const request = parseMagicRequest(bytes, HEADER_SIZE, packetEnd)
  if (request === undefined || request.keep) return undefined
  if (packetEnd + (request.bodySize ?? 0) !== bytes.length) return undefined
  const outcome = outcomeOf(request, bytes.subarray(packetEnd), context)
  return encodeOutcome(outcome, { explicit: false, stays: false, maxBodySize: budget.left })
}

function outcomeOf(request: MagicRequest, body: Buffer, context: WholeContext): Outcome {
  return checkRequest(request, context) ?? runRequest(request, body, context)
}
