/**
 * The traces in bench/traces and the hits that trusted simulators count for them. The README there
 * names their origin.
 */

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { ROOT } from '../../testing/root.ts'

const FOLDER = join(ROOT, 'bench/traces')

export interface Trace {
  readonly name: string
  readonly file: string
  readonly requests: number
  readonly cache_sizes: readonly number[]
  readonly sha256_u32: string
}

export interface Reference {
  readonly trace: string
  readonly cache_size: number
  readonly policy: string
  readonly hit_ratio: number
  readonly hits: number
}

export function readTraces(): Trace[] {
  return JSON.parse(readFileSync(join(FOLDER, 'traces.json'), 'utf8'))
}

export function readReferences(): Reference[] {
  return JSON.parse(readFileSync(join(FOLDER, 'reference.json'), 'utf8'))
}

/** @returns the ids of the objects in the order of the requests */
export function readRequests(trace: Trace): Uint32Array {
  const bytes = gunzipSync(readFileSync(join(FOLDER, trace.file)))
  const hash = createHash('sha256').update(bytes).digest('hex')
  assert.equal(hash, trace.sha256_u32, `${trace.file} differs from its checksum in traces.json`)
  const ids = new Uint32Array(bytes.length / 4)
  for (let i = 0; i < ids.length; i++) ids[i] = bytes.readUInt32LE(i * 4)
  return ids
}
