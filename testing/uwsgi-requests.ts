/**
 * Requests of the uwsgi protocol as nginx sends them, for tests without nginx.
 */

import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import {
  type DictionaryPair,
  encodeDictionaryPacket,
  MODIFIER1_REQUEST,
} from '../src/protocols/uwsgi/index.ts'
import { within } from './deadline.ts'

/** Adds method and target unless they are given. CONTENT_LENGTH does not count the body. */
export function requestPacket(
  variables: Readonly<Record<string, string>> | readonly DictionaryPair[] = {},
  body: Uint8Array | string = '',
): Buffer {
  const given = Array.isArray(variables) ? variables : Object.entries(variables)
  const pairs: DictionaryPair[] = [['REQUEST_METHOD', 'GET'], ['REQUEST_URI', '/'], ...given]
  const packet = encodeDictionaryPacket(MODIFIER1_REQUEST, 0, pairs)
  return Buffer.concat([...packet, Buffer.from(body)])
}

/** @returns a POST that announces the size of its body, or another size */
export function postPacket(body: Uint8Array | string, size = Buffer.byteLength(body)): Buffer {
  return requestPacket({ REQUEST_METHOD: 'POST', CONTENT_LENGTH: String(size) }, body)
}

/** A get of the key foo from the cache at the same address. */
export const CACHE_GET = Buffer.from('6f030000666f6f', 'hex')

/** What a uwsgi server answers to a packet, up to the end of the connection, as latin1. */
export async function exchange(port: number, packet: Buffer): Promise<string> {
  const socket = connect({ port, host: '127.0.0.1' })
  socket.setEncoding('latin1').write(packet)
  return within('the end of the answer', text(socket))
}
