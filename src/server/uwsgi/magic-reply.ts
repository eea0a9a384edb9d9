/**
 * How the outcome of a modifier2 17 request is sent.
 *
 * Without `keep` a failure is no bytes at all, as uWSGI's clients expect. With it the failure is
 * spelled out, and `keep=1` in the reply says that the connection stays open.
 */

import {
  type DictionaryPair,
  encodeDictionaryPacket,
  MODIFIER1_CACHE,
  MODIFIER2_MAGIC,
} from '../../protocols/uwsgi/index.ts'
import { type Outcome, refused } from './magic-commands.ts'

export interface ReplyManner {
  /** The request asked to keep the connection. */
  readonly explicit: boolean
  /** The connection does stay open. */
  readonly stays: boolean
  /** Larger bodies are not sent now: the server is busy. */
  readonly maxBodySize: number
}

/** The buffers to send, none for a failure that is not to be spelled out. */
export function encodeOutcome(given: Outcome, manner: ReplyManner): readonly Uint8Array[] {
  const outcome = bodySize(given) > manner.maxBodySize ? refused('busy') : given
  if (outcome.kind !== 'ok' && !manner.explicit) return []
  const pairs = pairsOf(outcome)
  if (manner.stays) pairs.push(['keep', '1'])
  const body = outcome.kind === 'ok' ? outcome.body : undefined
  return encodeDictionaryPacket(MODIFIER1_CACHE, MODIFIER2_MAGIC, pairs, body)
}

function bodySize(outcome: Outcome): number {
  return outcome.kind === 'ok' ? (outcome.body?.length ?? 0) : 0
}

function pairsOf(outcome: Outcome): DictionaryPair[] {
  switch (outcome.kind) {
    case 'ok':
      return [['status', 'ok'], ...outcome.pairs]
    case 'miss':
      return [['status', 'miss']]
    case 'refused':
      return [
        ['status', 'refused'],
        ['reason', outcome.reason],
      ]
  }
}
