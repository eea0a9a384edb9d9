/**
 * This package without near copies: each get reads and decodes the item in shared memory.
 */

import { Cache } from '../../../src/index.ts'
import type { CacheLocation, Subject } from '../candidate.ts'
import { subjectOf } from './undercroft.ts'

export function open({ dir, itemCount }: CacheLocation): Subject {
  return subjectOf(Cache.open({ name: 'bench', directory: dir, maxItems: itemCount, near: false }))
}
