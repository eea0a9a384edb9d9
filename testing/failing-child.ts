/**
 * A process that signals itself at a named point of a write, with the writer lock held. It attaches
 * to a cache that is there, by the parts that `Cache` itself is made of.
 */

import type { Engine } from '../src/engine/index.ts'
import { ANY_GEOMETRY } from './any-geometry.ts'
import { answer } from './child-side.ts'

// On x86-64 the engine orders its writes by plain stores. Here it must not know where it runs: then
// each ordered write is an `Atomics.store`, and so a point to fail at.
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
  /** In a get, with the value before it; afterwards it may go on, if it was only stopped. */
  | { readonly in: 'get' }
  /** In a set, when so many bytes of the value are written: the first half of them. */
  | { readonly in: 'set'; readonly value: string }
  /** When so many ordered stores are done: 1 makes the chain's version odd, 2 even again. */
  | { readonly in: 'add' | 'delete' | 'increment' | 'touch'; readonly afterStores: number }
  /** While the item becomes the first of its chain: just out of it, or just in it again. */
  | { readonly in: 'order'; readonly after: 'unlink' | 'link' }

/** Many more than it takes to be first. */
const ENOUGH_REQUESTS = 5000

answer<FailingTask, string>(task => {
  const { name, directory, point, key } = task
  const segment = openSegment(segmentPath(name, directory, undefined), ANY_GEOMETRY, () => {
    throw new Error('the cache should be there')
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

/** Sends the signal when so many ordered writes are done. */
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
