/**
 * Ordinary requests of the uwsgi protocol, as nginx makes them, for tests that work below it.
 */

import {
  type DictionaryPair,
  encodeDictionaryPacket,
  MODIFIER1_REQUEST,
} from '../src/protocols/uwsgi/index.ts'

/** Method and target are there unless they are given; the body is not counted in CONTENT_LENGTH. */
export function requestPacket(
  variables: Readonly<Record<string, string>> | readonly DictionaryPair[] = {},
  body: Uint8Array | string = '',
): Buffer {
  const given = Array.isArray(variables) ? variables : Object.entries(variables)
  const pairs: DictionaryPair[] = [['REQUEST_METHOD', 'GET'], ['REQUEST_URI', '/'], ...given]
  const packet = encodeDictionaryPacket(MODIFIER1_REQUEST, 0, pairs)
  return Buffer.concat([...packet, Buffer.from(body)])
}

/** A POST that announces the size of its body, or another one. */
export function postPacket(body: Uint8Array | string, size = Buffer.byteLength(body)): Buffer {
  return requestPacket({ REQUEST_METHOD: 'POST', CONTENT_LENGTH: String(size) }, body)
}

/** Asks the cache at the same address for foo. */
export const CACHE_GET = Buffer.from('6f030000666f6f', 'hex')
