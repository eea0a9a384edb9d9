/**
 * Segments in private memory with all parts of the engine over them, for tests of the engine.
 */

import { systemClock, type ValueDecoder, type ValueSource } from '../src/base/index.ts'
import { encodeValue } from '../src/codecs/index.ts'
import { Engine } from '../src/engine/engine.ts'
import { createEngineContext, type EngineContext } from '../src/engine/engine-context.ts'
import { PreparedKey } from '../src/engine/key.ts'
import { type Attempt, FOUND, RETRY, Reader } from '../src/engine/reader.ts'
import {
  createPrivateSegment,
  type Geometry,
  openSegment,
  type Segment,
  segmentPath,
} from '../src/segment/index.ts'
import { ANY_GEOMETRY } from './any-geometry.ts'
import { ManualClock } from './manual-clock.ts'
import { onEnd, type Scope } from './scope.ts'

const PLAIN: Geometry = {
  maxItems: 10,
  maxKeySize: 64,
  blockSize: 64,
  blockCount: 10,
  bitmap: false,
  hash: 'seeded',
  eviction: 'none',
  ignoresTtl: false,
  checksums: false,
  maxTags: 64,
  eventPlaces: 0,
}

/** One segment, one engine over it, and the parts of that engine. */
export interface Bench {
  readonly segment: Segment
  readonly clock: ManualClock
  readonly engine: Engine
  readonly parts: EngineContext
  /** @returns another engine over the same segment */
  attach(): Engine
  key(text: string): PreparedKey
  set(key: string, value: string, ttlMs?: number): string
  get(key: string): string | undefined
  /** Makes one attempt to read without the lock, as `get` does, without recording a use. */
  read<T>(key: PreparedKey, decode: ValueDecoder<T>): T | Exclude<Attempt, typeof FOUND>
}

export function openBench(wanted: Partial<Geometry> = {}): Bench {
  const blockCount = wanted.maxItems ?? PLAIN.maxItems
  const segment = createPrivateSegment('bench', { ...PLAIN, blockCount, ...wanted })
  const clock = new ManualClock()
  const attach = () => new Engine(segment, { clock, lockTimeoutMs: 1000 })
  const engine = attach()
  const parts = createEngineContext(segment, clock)
  const reader = new Reader(parts)
  // Each has room for the longest key of any cache, so making one costs more than a lookup.
  const keys = new Map<string, PreparedKey>()
  return {
    segment,
    clock,
    engine,
    parts,
    attach,
    key(text) {
      const key = keys.get(text) ?? new PreparedKey(segment)
      keys.set(text, key)
      key.prepare(text)
      return key
    },
    set(key, value, ttlMs) {
      const expiresAtMs = ttlMs === undefined ? 0 : clock.nowMs() + ttlMs
      return engine.store(key, text(value), expiresAtMs, 'set')
    },
    get: key => engine.get(key, asText),
    read(key, decode) {
      const outcome = reader.locate(key)
      if (outcome !== FOUND) return outcome
      const { offset, size, type } = reader.found
      const value = decode(segment.bytes, offset, size, type)
      return reader.confirm() ? value : RETRY
    },
  }
}

/** @returns the parts of the engine over an existing shared cache */
export function partsOf(
  scope: Scope,
  { name, directory }: { readonly name: string; readonly directory: string },
): EngineContext {
  const segment = openSegment(segmentPath(name, directory, undefined), ANY_GEOMETRY, () => {
    throw new Error(`there is no cache ${name}`)
  })
  onEnd(scope, () => segment.close())
  return createEngineContext(segment, systemClock)
}

export function text(value: string): ValueSource {
  return encodeValue(value)
}

export const asText: ValueDecoder<string> = (bytes, offset, size) =>
  bytes.toString('latin1', offset, offset + size)
