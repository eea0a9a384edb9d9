/**
 * This package with its default options: one cache in shared memory for both processes.
 */

import { Cache } from '../../../src/index.ts'
import type { CacheLocation, Subject } from '../candidate.ts'
import { initialValueOf, STRING_VALUE } from '../workload.ts'

export function open({ dir, itemCount }: CacheLocation): Subject {
  return subjectOf(Cache.open({ name: 'bench', directory: dir, maxItems: itemCount }))
}

export function subjectOf(cache: Cache): Subject {
  return {
    calls: 'sync',
    operations: {
      'get string': key => cache.get(key),
      'get bytes': key => cache.get(key),
      'get object': key => cache.get(key),
      has: key => cache.has(key),
      set: key => cache.set(key, STRING_VALUE),
      increment: key => cache.increment(key),
    },
    store: (operation, key) =>
      operation === 'increment'
        ? cache.increment(key, 0)
        : cache.set(key, initialValueOf(operation)),
    close: () => cache.close(),
  }
}
