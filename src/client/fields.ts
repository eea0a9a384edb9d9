/**
 * Turns arguments into dictionary pairs, and fields of replies into values.
 */

import {
  type CounterOptions,
  invalidOption,
  requireDuration,
  type StoredItem,
  systemClock,
} from '../base/index.ts'
import { decodeFromNetwork, findTypeName } from '../codecs/index.ts'
import {
  type DictionaryPair,
  msFromUnixSeconds,
  NEVER_TTL,
  parseByteList,
  parseDecimal,
  parseInt64,
  secondsFromTtlMs,
} from '../protocols/uwsgi/index.ts'
import { protocolError, type Reply } from './reply.ts'

/** A real uWSGI reads `expires`, undercroft reads `ttl`. */
export function ttlPairs(ttlMs: number | undefined): DictionaryPair[] {
  if (ttlMs === undefined) return []
  const pairs = [ttlPair(ttlMs)]
  const seconds = secondsFromTtlMs(ttlMs)
  if (Number.isSafeInteger(seconds)) pairs.push(['expires', String(seconds)])
  return pairs
}

/** A TTL that is too long to write exactly lasts hundreds of thousands of years, so never ends. */
export function ttlPair(ttlMs: number): DictionaryPair {
  const wholeMs = Math.ceil(requireDuration('ttlMs', ttlMs))
  return ['ttl', Number.isSafeInteger(wholeMs) ? String(wholeMs) : NEVER_TTL]
}

export function initialPairs(initial: CounterOptions['initial']): DictionaryPair[] {
  if (initial === undefined) return []
  if (typeof initial === 'number' && !Number.isSafeInteger(initial)) {
    throw invalidOption('initial', 'a whole number', initial)
  }
  return [['initial', formatInt64('initial', BigInt(initial))]]
}

export function formatInt64(name: string, value: bigint): string {
  if (typeof value === 'bigint' && BigInt.asIntN(64, value) === value) return String(value)
  throw invalidOption(name, 'a bigint from -2^63 to 2^63 - 1', value)
}

/** A reply of a real uWSGI has no type; its values are bytes. */
export function itemOf(reply: Reply, from: string): StoredItem {
  if (reply.body === undefined) throw protocolError(from, 'the reply has a value without its size')
  const name = reply.fields.get('type')?.toString('latin1') ?? 'bytes'
  const type = findTypeName(name)
  if (type === undefined) throw protocolError(from, `the value has the unknown type ${name}`)
  return { bytes: ownBytes(reply.body), type, expiresAtMs: expiresAtMsOf(reply, from) }
}

export function valueFrom({ bytes, type = 'bytes' }: StoredItem, from: string): unknown {
  try {
    return decodeFromNetwork(bytes, type)
  } catch (error) {
    if (type === 'structured') throw error
    throw protocolError(
      from,
      `these ${bytes.length} bytes are not valid as a value of type ${type}`,
    )
  }
}

/** Copies the bytes out of a large chunk, which a view would keep in memory. */
function ownBytes(view: Buffer): Buffer {
  return view.length * 2 < view.buffer.byteLength ? Buffer.from(view) : view
}

/** Prefers the time left, because then the clocks of both machines need not agree. */
function expiresAtMsOf(reply: Reply, from: string): number {
  if (reply.fields.has('ttl')) return systemClock.nowMs() + ttlMsOf(reply, from)
  return reply.fields.has('expires') ? msFromUnixSeconds(countOf(reply, 'expires', from)) : 0
}

export function ttlMsOf(reply: Reply, from: string): number {
  const isNever = reply.fields.get('ttl')?.toString('latin1') === NEVER_TTL
  return isNever ? Number.POSITIVE_INFINITY : countOf(reply, 'ttl', from)
}

export function countOf(reply: Reply, name: string, from: string): number {
  const text = reply.fields.get(name)
  const count = text === undefined ? undefined : parseDecimal(text)
  if (count === undefined) throw protocolError(from, `the reply has no number as ${name}`)
  return count
}

export function int64Of(reply: Reply, name: string, from: string): bigint {
  const text = reply.fields.get(name)
  const value = text === undefined ? undefined : parseInt64(text)
  if (value === undefined) throw protocolError(from, `the reply has no number as ${name}`)
  return value
}

export function listOf(reply: Reply, from: string): Buffer[] {
  const list = reply.body === undefined ? undefined : parseByteList(reply.body)
  if (list === undefined) throw protocolError(from, 'the list in the reply is incomplete')
  return list.map(ownBytes)
}

/** @returns an object with at least these names. The caller trusts the server with the rest. */
export function jsonOf(reply: Reply, names: readonly string[], from: string): object {
  try {
    const value: unknown = JSON.parse(String(reply.body))
    if (typeof value === 'object' && value !== null && names.every(name => name in value)) {
      return value
    }
  } catch (error) {
    throw protocolError(
      from,
      `these ${reply.body?.length ?? 0} bytes are not valid JSON: ${String(error)}`,
    )
  }
  throw protocolError(from, `the reply lacks some of the members ${names.join(', ')}`)
}
