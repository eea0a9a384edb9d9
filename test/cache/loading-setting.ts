/** What the tests of loading share: a cache with a clock, and loads that a test ends. */

import { Cache, type CacheOptions, UndercroftError } from '../../src/index.ts'
import { ManualClock } from '../../testing/manual-clock.ts'
import { onEnd, type Scope } from '../../testing/scope.ts'
import { processDir } from '../../testing/temp-dir.ts'

const directory = processDir()
let serial = 0

interface Setting<V> {
  readonly cache: Cache<V>
  readonly clock: ManualClock
  /** What was passed to `onError`. */
  readonly errors: unknown[]
  readonly options: CacheOptions
}

export function openWithClock<V = string>(scope: Scope): Setting<V> {
  const clock = new ManualClock()
  const errors: unknown[] = []
  const options = {
    ...{ name: `stale-${++serial}`, directory, memory: 'private' as const, maxItems: 200, clock },
    onError: (error: unknown) => {
      errors.push(error)
    },
  }
  const cache = Cache.open<V>(options)
  onEnd(scope, () => cache.destroy())
  return { cache, clock, errors, options }
}

interface PendingLoad {
  /** How often the load was called. */
  readonly count: number
  readonly load: () => Promise<string>
  finish(value: string): void
  fail(error: unknown): void
}

/** A load that ends when the test says so. */
export function pendingLoad(): PendingLoad {
  let finish: (value: string) => void = () => {}
  let reject: (error: unknown) => void = () => {}
  const result = new Promise<string>((resolve, refuse) => {
    finish = resolve
    reject = refuse
  })
  result.catch(() => {}) // it may fail before a load asks for it
  let count = 0
  return {
    get count() {
      return count
    },
    load() {
      count++
      return result
    },
    finish,
    fail: reject,
  }
}

export function fail(message: string): never {
  throw new Error(message)
}

export const hasCode = (code: string) => (error: unknown) =>
  error instanceof UndercroftError && error.code === code
