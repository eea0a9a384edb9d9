/**
 * The lower bound: a private Map of bytes that decodes on each get. Processes share nothing.
 */

import type { Subject } from '../candidate.ts'
import { BYTES_VALUE, OBJECT_VALUE, STRING_VALUE } from '../workload.ts'

/** Node's internal decoders, which are the fastest. The published types omit them. */
interface Bytes extends Buffer {
  latin1Slice(): string
  utf8Slice(): string
}

export function open(): Subject {
  const items = new Map<string, Bytes>()
  const read = (key: string): Bytes => items.get(key) ?? absent(key)
  const keep = (key: string, bytes: Buffer) => items.set(key, bytes as Bytes)
  return {
    calls: 'sync',
    operations: {
      'get string': key => read(key).latin1Slice(),
      'get bytes': key => Buffer.from(read(key)),
      'get object': key => JSON.parse(read(key).utf8Slice()),
      has: key => items.has(key),
      set: key => keep(key, Buffer.from(STRING_VALUE, 'latin1')),
      increment: key => {
        const counter = read(key)
        const value = counter.readDoubleLE(0) + 1
        counter.writeDoubleLE(value, 0)
        return value
      },
    },
    store: (operation, key) => {
      if (operation === 'increment') return keep(key, Buffer.alloc(8))
      if (operation === 'get bytes') return keep(key, Buffer.from(BYTES_VALUE))
      const text = operation === 'get object' ? JSON.stringify(OBJECT_VALUE) : STRING_VALUE
      return keep(key, Buffer.from(text))
    },
    close: () => items.clear(),
  }
}

function absent(key: string): never {
  throw new Error(`${key} is absent`)
}
