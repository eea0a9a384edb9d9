/**
 * The datagrams that carry changes between caches: modifier2 10 and 11.
 *
 * uWSGI 2.0.21, core/cache.c, cache_udp_server_loop and cache_send_udp_command. Its receiver wants
 * two bytes more than its own deletes have, so deletes are sent padded and accepted in both forms.
 */

import { msFromUnixSeconds, parseDecimal, unixSeconds } from './numbers.ts'
import { parseHeader, writeHeader } from './packet.ts'
import {
  HEADER_SIZE,
  MODIFIER1_CACHE,
  MODIFIER2_UDP_DELETE,
  MODIFIER2_UDP_SET,
} from './protocol.ts'

export type CacheDatagram =
  | {
      readonly kind: 'set'
      readonly key: Buffer
      readonly value: Buffer
      /** The name of the value's type, which only undercroft sends. Undefined: bytes. */
      readonly type: string | undefined
      /** Unix milliseconds; 0: never. */
      readonly expiresAtMs: number
    }
  | { readonly kind: 'delete'; readonly key: Buffer }

/**
 * @returns undefined for a datagram that is malformed or has other modifiers. Keys and values are
 * views, and never empty.
 */
export function parseDatagram(bytes: Buffer): CacheDatagram | undefined {
  if (bytes.length < HEADER_SIZE) return undefined
  const { modifier1, packetSize, modifier2 } = parseHeader(bytes)
  if (modifier1 !== MODIFIER1_CACHE || packetSize !== bytes.length - HEADER_SIZE) return undefined
  const key = readField(bytes, HEADER_SIZE)
  if (key === undefined || key.bytes.length === 0) return undefined
  if (modifier2 === MODIFIER2_UDP_DELETE) return { kind: 'delete', key: key.bytes }
  if (modifier2 !== MODIFIER2_UDP_SET) return undefined
  const value = readField(bytes, key.end)
  if (value === undefined || value.bytes.length === 0) return undefined
  const expiry = readExpiry(bytes, value.end)
  if (expiry === undefined) return undefined
  const type = readField(bytes, expiry.end)?.bytes.toString('latin1')
  return { kind: 'set', key: key.bytes, value: value.bytes, type, expiresAtMs: expiry.atMs }
}

/**
 * @returns undefined when the change does not fit a datagram. The caller then sends a delete: uWSGI
 * sends the size modulo 65536, which leaves wrong values at the receivers.
 */
export function encodeSetDatagram(
  key: Uint8Array,
  value: Uint8Array,
  expiresAtMs: number,
  type = 'bytes',
): Buffer | undefined {
  const expires = Buffer.from(String(unixSeconds(expiresAtMs)), 'latin1')
  const fields = [key, value, expires]
  // uWSGI's receiver ignores what follows the expiry, and has only bytes.
  if (type !== 'bytes') fields.push(Buffer.from(type, 'latin1'))
  return encodeFields(MODIFIER2_UDP_SET, fields)
}

/** @returns undefined when the key does not fit a datagram. */
export function encodeDeleteDatagram(key: Uint8Array): Buffer | undefined {
  return encodeFields(MODIFIER2_UDP_DELETE, [key, PADDING])
}

/** The most that IPv4 carries: 65535 less the headers of IP and UDP. */
const MAX_DATAGRAM_SIZE = 65_507

const LENGTH_SIZE = 2

/** An empty field. uWSGI's receiver needs its two bytes of length after the key of a delete. */
const PADDING = new Uint8Array(0)

interface Field {
  readonly bytes: Buffer
  readonly end: number
}

function readField(bytes: Buffer, offset: number): Field | undefined {
  const start = offset + LENGTH_SIZE
  if (start > bytes.length) return undefined
  const end = start + bytes.readUInt16LE(offset)
  return end > bytes.length ? undefined : { bytes: bytes.subarray(start, end), end }
}

/** A missing field means never. Bytes after the field of the type are ignored. */
function readExpiry(
  bytes: Buffer,
  offset: number,
): { readonly atMs: number; readonly end: number } | undefined {
  if (offset === bytes.length) return { atMs: 0, end: offset }
  const field = readField(bytes, offset)
  const seconds = field === undefined ? undefined : parseDecimal(field.bytes)
  if (field === undefined || seconds === undefined) return undefined
  return { atMs: msFromUnixSeconds(seconds), end: field.end }
}

function encodeFields(modifier2: number, fields: readonly Uint8Array[]): Buffer | undefined {
  let size = HEADER_SIZE
  for (const field of fields) size += LENGTH_SIZE + field.length
  if (size > MAX_DATAGRAM_SIZE) return undefined
  const datagram = Buffer.allocUnsafe(size)
  writeHeader(datagram, { modifier1: MODIFIER1_CACHE, packetSize: size - HEADER_SIZE, modifier2 })
  let offset = HEADER_SIZE
  for (const field of fields) {
    offset = datagram.writeUInt16LE(field.length, offset)
    datagram.set(field, offset)
    offset += field.length
  }
  return datagram
}
