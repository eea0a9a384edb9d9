/**
 * Reads dumps by the description of the format, without the code under test: which items a dump
 * holds, and whether uWSGI could use it.
 */

import { djb33xHash } from '../src/base/index.ts'

export interface DumpShape {
  readonly items: number
  readonly keySize: number
  readonly blockSize: number
  readonly blocks: number
}

export interface ReadDump {
  /** The dictionary's payload. */
  readonly dictionary: Buffer
  readonly headerHex: string
  readonly areaSize: number
  /** Value and expiry for each key; keys and values as hex. */
  readonly items: ReadonlyMap<string, { readonly value: string; readonly expires: number }>
  /** Keys that uWSGI would find by their hash, starting at the head of the chain. */
  readonly found: ReadonlySet<string>
  /** Keys in the order of eviction, by the links; empty without links. */
  readonly byUse: readonly string[]
  /** Bytes that belong to no item and are not zero. */
  readonly strayCount: number
}

const BESIDE_KEY = 88

/** @throws Error if the dump is malformed */
export function readDump(reply: Buffer, shape: DumpShape): ReadDump {
  const dictionarySize = reply.readUInt16LE(1)
  const area = Buffer.from(reply.subarray(4 + dictionarySize))
  const recordSize = BESIDE_KEY + shape.keySize
  const dataOffset = recordSize * shape.items
  const items = new Map<string, { value: string; expires: number }>()
  const keys: string[] = []
  const links: { hash: number; next: number; previous: number; older: number; newer: number }[] = []
  const left = Buffer.from(area)
  for (let number = 0; number < shape.items; number++) {
    const at = number * recordSize
    const field = (offset: number) => Number(area.readBigUInt64LE(at + offset))
    const keySize = field(8)
    const key = area.toString('hex', at + BESIDE_KEY, at + BESIDE_KEY + keySize)
    const start = dataOffset + field(32) * shape.blockSize
    const value = area.toString('hex', start, start + field(24))
    keys.push(key)
    links.push({
      hash: field(16),
      previous: field(56),
      next: field(64),
      older: field(72),
      newer: field(80),
    })
    if (keySize === 0) continue
    items.set(key, { value, expires: field(40) })
    left.fill(0, at, at + BESIDE_KEY + keySize)
    left.fill(0, start, start + field(24))
  }
  return {
    dictionary: reply.subarray(4, 4 + dictionarySize),
    headerHex: reply.toString('hex', 0, 4),
    areaSize: area.length,
    items,
    found: findAll(keys, links),
    byUse: followUse(keys, links),
    strayCount: left.filter(byte => byte !== 0).length,
  }
}

/**
 * Searches as uWSGI does after a sync. The head of a bucket is the record without a previous one.
 */
function findAll(
  keys: readonly string[],
  links: readonly { hash: number; next: number; previous: number }[],
): Set<string> {
  const heads = new Map<number, number>()
  for (const [number, { hash, previous }] of links.entries()) {
    if (keys[number] === '' || previous !== 0) continue
    if (heads.has(hash % 65_536)) throw new Error(`bucket ${hash % 65_536} has two heads`)
    heads.set(hash % 65_536, number)
  }
  return new Set(
    keys.filter(key => {
      const bytes = Buffer.from(key, 'hex')
      const hash = djb33xHash(bytes, bytes.length) >>> 0
      let at = key === '' ? 0 : (heads.get(hash % 65_536) ?? 0)
      while (at !== 0 && !(keys[at] === key && links[at]?.hash === hash)) at = links[at]?.next ?? 0
      return at !== 0
    }),
  )
}

function followUse(
  keys: readonly string[],
  links: readonly { older: number; newer: number }[],
): string[] {
  const order: string[] = []
  let at = links.findIndex(({ older, newer }) => older === 0 && newer !== 0)
  while (at > 0) {
    order.push(keys[at] ?? '')
    at = links[at]?.newer ?? 0
  }
  return order
}
