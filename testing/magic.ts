/**
 * Requests and replies of modifier2 17, for tests below the level of the client.
 */

import {
  encodeDictionaryPacket,
  HEADER_SIZE,
  MODIFIER1_CACHE,
  MODIFIER2_MAGIC,
  parseDictionary,
} from '../src/protocols/uwsgi/index.ts'
import type { RawClient } from './raw-client.ts'

export function magic(fields: Readonly<Record<string, string>>, body = ''): Buffer {
  const pairs = Object.entries(fields)
  const packet = encodeDictionaryPacket(MODIFIER1_CACHE, MODIFIER2_MAGIC, pairs, Buffer.from(body))
  return Buffer.concat(packet)
}

export interface MagicReply {
  readonly fields: Readonly<Record<string, string>>
  readonly body: Buffer
}

/** @returns the next reply on a kept connection; without fields if the server closed it */
export async function receiveMagic(client: RawClient): Promise<MagicReply> {
  const header = await client.receive(HEADER_SIZE)
  if (header.length < HEADER_SIZE) return { fields: {}, body: header }
  const { pairs } = parseDictionary(await client.receive(header.readUInt16LE(1)))
  const fields = Object.fromEntries(pairs.map(([name, value]) => [name, value.toString()]))
  return { fields, body: await client.receive(Number(fields.size ?? 0)) }
}

/** Sends a request and waits for its reply. */
export function ask(
  client: RawClient,
  fields: Readonly<Record<string, string>>,
  body = '',
): Promise<MagicReply> {
  const size = body === '' ? {} : { size: String(body.length) }
  client.send(magic({ ...fields, ...size, keep: '1' }, body))
  return receiveMagic(client)
}
