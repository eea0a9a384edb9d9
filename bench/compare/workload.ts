/**
 * The workload: the operations, their keys, and the values under these keys.
 *
 * Operations that need different values have different keys, so the cache is filled once and
 * no sample changes what another operation reads.
 */

export const OPERATIONS = [
  'get string',
  'get bytes',
  'get object',
  'has',
  'set',
  'increment',
] as const

export type Operation = (typeof OPERATIONS)[number]

export const VALUE_SIZE = 100

export const STRING_VALUE = 'x'.repeat(VALUE_SIZE)
export const BYTES_VALUE = Buffer.alloc(VALUE_SIZE, 'x')
export const OBJECT_VALUE = {
  id: 1234,
  name: 'Ada Lovelace',
  email: 'ada@example.org',
  roles: ['admin', 'editor'],
  active: true,
}

const KEY_ENDS: Readonly<Record<Operation, string>> = {
  'get string': 'profile',
  has: 'profile',
  set: 'profile',
  'get bytes': 'avatar',
  'get object': 'session',
  increment: 'visits',
}

/** @returns the value that `fill` stores for the keys of an operation */
export function initialValueOf(operation: Operation): number | string | Buffer | object {
  if (operation === 'increment') return 0
  if (operation === 'get bytes') return BYTES_VALUE
  return operation === 'get object' ? OBJECT_VALUE : STRING_VALUE
}

/** Keys between two reads of the clock, which then cost a fraction of a nanosecond per key. */
const CHUNK_LENGTH = 500

/** @returns how many items a cache must hold for all keys of all operations */
export function itemCount(keyCount: number): number {
  return new Set(Object.values(KEY_ENDS)).size * keyCount
}

/** @returns the keys of an operation, in one shuffled order for all candidates and processes */
export function keysOf(operation: Operation, keyCount: number): string[] {
  const end = KEY_ENDS[operation]
  const keys = Array.from({ length: keyCount }, (_, i) => flat(`user:${1000 + i}:${end}`))
  const random = pseudoRandom()
  for (let last = keys.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1))
    const key = keys[last] ?? ''
    keys[last] = keys[other] ?? ''
    keys[other] = key
  }
  return keys
}

export function chunksOf(keys: readonly string[], length = CHUNK_LENGTH): string[][] {
  const chunks: string[][] = []
  for (let first = 0; first < keys.length; first += length) {
    chunks.push(keys.slice(first, first + length))
  }
  return chunks
}

/** Flattens a string, as those of Python are: V8 keeps the result of a template as a tree. */
function flat(key: string): string {
  return Buffer.from(key, 'latin1').toString('latin1')
}

/** Park and Miller's generator, with the same numbers from 0 up to 1 on every run. */
function pseudoRandom(): () => number {
  let state = 42
  return () => {
    state = (state * 48271) % 0x7fffffff
    return state / 0x7fffffff
  }
}
