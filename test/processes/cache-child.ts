/**
 * A process with one cache, which runs the commands of the test. The test's side is
 * cache-process.ts.
 */

import { Cache, type CacheOptions } from '../../src/index.ts'
import { answer } from '../../testing/child-side.ts'

export type Method = {
  [K in keyof Cache]: Cache[K] extends (...args: never[]) => unknown ? K : never
}[keyof Cache]

export type Request =
  | { readonly kind: 'open'; readonly options: CacheOptions }
  | { readonly kind: 'call'; readonly method: Method; readonly args: readonly unknown[] }
  | {
      readonly kind: 'increment'
      readonly key: string
      readonly by: number | bigint
      readonly times: number
    }
  /** How many of the keys were added by this process. */
  | { readonly kind: 'addAll'; readonly keys: readonly string[] }
  /** Gets until there is a miss: whether a hit was seen at or after the moment, by this clock. */
  | { readonly kind: 'watchEnd'; readonly key: string; readonly endsAtMs: number }

/** What an operation returned, or the code and message of what it threw. */
export type Reply =
  | { readonly value: unknown; readonly code?: undefined }
  | { readonly code: string; readonly message: string }

let cache: Cache | undefined

answer<Request, Reply>(request => {
  try {
    return { value: respond(request) }
  } catch (error) {
    const { code = 'no code', message } = error as Error & { code?: string }
    return { code, message }
  }
})

function respond(request: Request): unknown {
  if (request.kind === 'open') {
    cache = Cache.open(request.options)
    return undefined
  }
  if (cache === undefined) throw new Error('no cache was opened')
  switch (request.kind) {
    case 'call':
      return (cache[request.method] as (...args: unknown[]) => unknown)(...request.args)
    case 'increment':
      return increment(cache, request.key, request.by, request.times)
    case 'addAll': {
      const subject = cache
      return request.keys.filter(key => subject.add(key, process.pid)).length
    }
    case 'watchEnd':
      return watchEnd(cache, request.key, request.endsAtMs)
  }
}

function increment(subject: Cache, key: string, by: number | bigint, times: number): void {
  for (let i = 0; i < times; i++) {
    if (typeof by === 'bigint') subject.increment(key, by)
    else subject.increment(key, by)
  }
}

function watchEnd(subject: Cache, key: string, endsAtMs: number): { hits: number; late: number } {
  let hits = 0
  let late = 0
  for (;;) {
    const askedAtMs = Date.now()
    if (subject.get(key) === undefined) return { hits, late }
    hits++
    if (askedAtMs >= endsAtMs) late++
  }
}
