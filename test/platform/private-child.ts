/**
 * A process that opens caches where memory cannot be shared.
 */

import { Cache, UndercroftError } from '../../src/index.ts'
import { answer } from '../../testing/child-side.ts'

export interface Answer {
  readonly value: unknown
  readonly shared: boolean
  readonly refusals: readonly string[]
}

answer<string, Answer>(name => {
  using first = Cache.open({ name, maxItems: 10 })
  using second = Cache.open({ name: `${name}-2`, maxItems: 10 })
  using again = Cache.open({ name })
  first.set('k', { kept: true })
  second.set('k', 1)
  return {
    value: again.get('k'),
    shared: first.shared,
    refusals: [
      codeOf(() => Cache.open({ name, memory: 'shared', maxItems: 10 })),
      codeOf(() => Cache.open({ name, store: './store', maxItems: 10 })),
    ],
  }
})

function codeOf(act: () => unknown): string {
  try {
    act()
    return 'no error'
  } catch (error) {
    return error instanceof UndercroftError ? error.code : String(error)
  }
}
