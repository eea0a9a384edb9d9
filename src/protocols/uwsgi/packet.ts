/**
 * The four bytes that open every packet, and whole packets of header, dictionary and body.
 */

import { assert } from '../../base/index.ts'
import { type DictionaryPair, dictionarySize, writeDictionary } from './dictionary.ts'
import { HEADER_SIZE, MAX_PACKET_SIZE } from './protocol.ts'

export interface PacketHeader {
  readonly modifier1: number
  /** Bytes of payload that follow the header. */
  readonly packetSize: number
  readonly modifier2: number
}

export function parseHeader(bytes: Buffer): PacketHeader {
  return {
    modifier1: bytes.readUInt8(0),
    packetSize: bytes.readUInt16LE(1),
    modifier2: bytes.readUInt8(3),
  }
}

export function writeHeader(target: Buffer, header: PacketHeader): void {
  target.writeUInt8(header.modifier1, 0)
  target.writeUInt16LE(header.packetSize, 1)
  target.writeUInt8(header.modifier2, 3)
}

/** A packet around bytes that are a payload already. */
export function encodePacket(modifier1: number, modifier2: number, payload: Uint8Array): Buffer {
  assert(payload.length <= MAX_PACKET_SIZE, 'a payload fits its 16-bit size')
  const packet = Buffer.allocUnsafe(HEADER_SIZE + payload.length)
  writeHeader(packet, { modifier1, packetSize: payload.length, modifier2 })
  packet.set(payload, HEADER_SIZE)
  return packet
}

/** Bodies up to this size are copied behind their dictionary, so that one write sends both. */
const INLINE_BODY_SIZE = 16_384

/**
 * A packet with a dictionary and the body after it, as buffers to be sent in order: one when the
 * body is small, otherwise the body as it is, which saves copying it.
 */
export function encodeDictionaryPacket(
  modifier1: number,
  modifier2: number,
  pairs: readonly DictionaryPair[],
  body?: Uint8Array,
): readonly Uint8Array[] {
  const packetSize = dictionarySize(pairs)
  assert(packetSize <= MAX_PACKET_SIZE, 'a dictionary fits its 16-bit size')
  const inlined = body !== undefined && body.length <= INLINE_BODY_SIZE ? body : undefined
  const head = Buffer.allocUnsafe(HEADER_SIZE + packetSize + (inlined?.length ?? 0))
  writeHeader(head, { modifier1, packetSize, modifier2 })
  const end = writeDictionary(head, HEADER_SIZE, pairs)
  if (body === undefined) return [head]
  if (inlined === undefined) return [head, body]
  head.set(inlined, end)
  return [head]
}
