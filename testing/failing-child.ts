/**
 * A process that signals itself at a named point of a write, while it holds the writer lock. It
 * attaches to an existing cache through the parts that `Cache` is made of.
 */

import type { Engine } from '../src/engine/index.ts'
import { ANY_GEOMETRY } from './any-geometry.ts'
import { answer } from './child-side.ts'

// On x86-64 the engine orders its writes by plain stores. With an unknown architecture, each
// ordered write is an `Atomics.store`, which is a point to fail at.
const { arch } = process
Object.defineProperty(process, 'arch', { value: 'unknown', configurable: true })
const { systemClock, VALUE_TYPE } = await import('../src/base/index.ts')
const { encodeValue } = await import('../src/codecs/index.ts')
const engineModule = await import('../src/engine/index.ts')
const { SlotTable } = await import('../src/engine/slot-table.ts')
const { openSegment, segmentPath } = await import('../src/segment/index.ts')
Object.defineProperty(process, 'arch', { value: arch, configurable: true })

export interface FailingTask {
  readonly name: string
  readonly directory: string
  readonly key: string
  readonly signal: 'SIGKILL' | 'SIGSTOP'
  readonly point: FailurePoint
}

export type FailurePoint =
  /** In a get, when it has found the value. A process that was only stopped may continue. */
  | { readonly in: 'get' }
  /** In a set, when half of the value is written. */
  | { readonly in: 'set'; readonly value: string }
  /** After this many ordered stores: 1 makes the version of the chain odd, 2 even again. */
  | { readonly in: 'add' | 'delete' | 'increment' | 'touch'; readonly afterStores: number }
  /** While the item becomes the first of its chain: after the unlink or after the link. */
  | { readonly in: 'order'; readonly after: 'unlink' | 'link' }

/** Many more requests than an item needs to become the first of its chain. */
const ENOUGH_REQUESTS = 5000

answer<FailingTask, string>(task => {
  const { name, directory, point, key } = task
  const segment = openSegment(segmentPath(name, directory, undefined), ANY_GEOMETRY, () => {
    throw new Error('the cache does not exist')
  })
  const engine = new engineModule.Engine(segment, { clock: systemClock, lockTimeoutMs: 5000 })
  if (point.in === 'get') return String(engine.get(key, () => fail(task.signal)))
  if (point.in === 'set') return setAndFail(engine, key, point.value, task.signal)
  if (point.in === 'order') return orderAndFail(engine, key, point.after, task.signal)
  failAfterStores(point.afterStores, task.signal)
  if (point.in === 'delete') return String(engine.delete(key))
  if (point.in === 'add') return engine.store(key, encodeValue('added'), 0, 'add')
  if (point.in === 'touch') return String(engine.touch(key, Date.now() + 60_000))
  const fresh = { initial: 0n, expiresAtMs: 0, type: VALUE_TYPE.integer }
  return String(engine.count(key, 'inc', 1n, fresh))
})

function fail(signal: NodeJS.Signals): string {
  process.kill(process.pid, signal)
  return 'read'
}

function setAndFail(engine: Engine, key: string, value: string, signal: NodeJS.Signals): string {
  const bytes = Buffer.from(value)
  const half = bytes.length >> 1
  const source = {
    type: VALUE_TYPE.ascii,
    size: bytes.length,
    writeTo(target: Buffer, offset: number) {
      bytes.copy(target, offset, 0, half)
      process.kill(process.pid, signal)
      bytes.copy(target, offset + half, half)
    },
  }
  return engine.store(key, source, 0, 'set')
}

function orderAndFail(
  engine: Engine,
  key: string,
  after: 'unlink' | 'link',
  signal: NodeJS.Signals,
): string {
  for (let i = 0; i < ENOUGH_REQUESTS; i++) engine.get(key, () => true)
  const { link } = SlotTable.prototype
  SlotTable.prototype.link = function (...args) {
    if (after === 'link') link.apply(this, args)
    process.kill(process.pid, signal)
    if (after === 'unlink') link.apply(this, args)
  }
  engine.upkeep.orderChains()
  return 'ordered'
}

/** Sends the signal after `count` ordered writes. */
function failAfterStores(count: number, signal: NodeJS.Signals): void {
  const store = Atomics.store.bind(Atomics) as (...args: unknown[]) => unknown
  let left = count
  Object.assign(Atomics, {
    store(...args: unknown[]) {
      const stored = store(...args)
      if (--left === 0) process.kill(process.pid, signal)
      return stored
    },
  })
}
