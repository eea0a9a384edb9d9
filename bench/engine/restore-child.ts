/**
 * One step of restore.ts: opens the store, performs one task, and reports the time of each part.
 */

import { systemClock, VALUE_TYPE } from '../../src/base/index.ts'
import { Engine } from '../../src/engine/index.ts'
import { Cache } from '../../src/index.ts'
import { openSegment } from '../../src/segment/index.ts'
import { ANY_GEOMETRY } from '../../testing/any-geometry.ts'
import { answer } from '../../testing/child-side.ts'
import { STRING_VALUE } from '../compare/workload.ts'

export interface RestoreRequest {
  readonly kind: 'fill' | 'read' | 'write' | 'die'
  readonly store: string
  readonly itemCount: number
}

export interface RestoreTimes {
  readonly openMs: number
  readonly workMs: number
  readonly closeMs: number
}

const EXTRA = 'extra'

answer<RestoreRequest, RestoreTimes>(request => {
  if (request.kind === 'die') dieWriting(request.store)
  const { store, itemCount } = request
  const start = performance.now()
  const sizes = { maxItems: itemCount + 1, maxKeySize: 32, blockSize: 128, blocks: itemCount + 1 }
  const cache = Cache.open<string>({ name: 'restore', store, lockTimeoutMs: 600_000, ...sizes })
  const opened = performance.now()
  if (request.kind === 'fill') fill(cache, itemCount)
  if (request.kind === 'write') cache.set(EXTRA, STRING_VALUE)
  const worked = performance.now()
  requireAll(cache, itemCount)
  const checked = performance.now()
  // A closed store could not show what a kill leaves, so the next steps start from an open one.
  if (request.kind === 'fill') cache.close()
  const closed = performance.now()
  return { openMs: opened - start, workMs: worked - opened, closeMs: closed - checked }
})

function fill(cache: Cache<string>, itemCount: number): void {
  for (let i = 0; i < itemCount; i++) {
    if (!cache.set(keyOf(i), STRING_VALUE)) throw new Error(`the cache is full at item ${i}`)
  }
}

/** Checks the items, since a fast wrong answer is worthless. */
function requireAll(cache: Cache<string>, itemCount: number): void {
  const { items, dropped } = cache.stats()
  if (items < itemCount || dropped !== 0) throw new Error(`${items} items, ${dropped} dropped`)
  for (let i = 0; i < itemCount; i += 997) {
    if (cache.get(keyOf(i)) !== STRING_VALUE) throw new Error(`${keyOf(i)} is wrong`)
  }
}

/** Dies with the lock held, while storing a new item, so that the next process must recover. */
function dieWriting(store: string): never {
  const segment = openSegment(store, ANY_GEOMETRY, () => {
    throw new Error('the store should be there')
  })
  const engine = new Engine(segment, { clock: systemClock, lockTimeoutMs: 5000 })
  engine.delete(EXTRA)
  const source = {
    type: VALUE_TYPE.ascii,
    size: STRING_VALUE.length,
    writeTo: () => process.kill(process.pid, 'SIGKILL'),
  }
  engine.store(EXTRA, source, 0, 'set')
  throw new Error('the process should have been killed')
}

function keyOf(i: number): string {
  return `user:${1000 + i}:profile`
}
