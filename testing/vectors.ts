/**
 * Byte vectors recorded with a real uWSGI 2.0.21, with the answers that it should give.
 */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ByteCache } from '../src/base/index.ts'

interface KeyState {
  readonly cache: string
  readonly key_hex: string
  /** Null if the key is absent. */
  readonly value_hex?: string | null
  readonly value_repeat?: { readonly byte_hex: string; readonly count: number }
}

interface SetupStep extends KeyState {
  readonly op: 'set' | 'update' | 'del'
  readonly expires?: number
}

export interface Vector {
  readonly id: number
  readonly name: string
  readonly transport: string
  readonly modifier2: number | null
  readonly config: readonly string[]
  readonly setup: readonly SetupStep[]
  readonly request_hex: string
  readonly response_hex: string
  readonly response_length?: number
  readonly result?: string
  readonly trigger?: string
  readonly log?: readonly string[]
  readonly datagrams_hex?: readonly string[]
  readonly client_half_closes?: boolean
  readonly closed_after_seconds?: number
  readonly dynamic?: { readonly offset: number; readonly length: number }
  readonly after?: readonly KeyState[]
}

export function readVectors(transport: string): Vector[] {
  const path = join(process.cwd(), 'test/fixtures/uwsgi-vectors.json')
  const vectors: Vector[] = JSON.parse(readFileSync(path, 'utf8'))
  return vectors.filter(vector => vector.transport === transport)
}

/** Runs the operations that a vector requires before its request. */
export function prepare(vector: Vector, caches: readonly ByteCache[]): void {
  for (const step of vector.setup) {
    const cache = findCache(caches, step.cache)
    const key = Buffer.from(step.key_hex, 'hex')
    const seconds = step.expires ?? 0
    const options = { ttlMs: seconds === 0 ? Number.POSITIVE_INFINITY : seconds * 1000 }
    if (step.op === 'del') cache.delete(key)
    else if (step.op === 'set') cache.add(key, valueBytes(step), options)
    else cache.set(key, valueBytes(step), options)
  }
}

/** @returns found and expected values, as hex, of the keys that a vector checks afterwards */
export function valuesAfter(vector: Vector, caches: readonly ByteCache[]) {
  const states = vector.after ?? []
  return {
    found: states.map(({ cache, key_hex }) => {
      const item = findCache(caches, cache).getItem(Buffer.from(key_hex, 'hex'))
      return item?.bytes.toString('hex') ?? null
    }),
    expected: states.map(state => state.value_hex ?? null),
  }
}

function findCache(caches: readonly ByteCache[], name: string): ByteCache {
  const cache = caches.find(candidate => candidate.name === name)
  if (cache === undefined) throw new Error(`the vector has no cache ${name}`)
  return cache
}

function valueBytes(state: KeyState): Buffer {
  const { value_repeat: repeat, value_hex: hex } = state
  if (repeat !== undefined) return Buffer.alloc(repeat.count, Buffer.from(repeat.byte_hex, 'hex'))
  return Buffer.from(hex ?? '', 'hex')
}
