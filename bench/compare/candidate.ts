/**
 * One of the compared caches, as the process that measures it sees it.
 */

import type { Operation } from './workload.ts'

/** Where the processes of one candidate find their cache. */
export interface CacheLocation {
  /** A directory in memory, for this candidate alone. */
  readonly dir: string
  /** The Unix socket of the candidate's server, if it has one. */
  readonly socketPath: string
  /** How many items the cache must hold. */
  readonly itemCount: number
}

/** The operations on an open cache. Each returns its result, so that V8 cannot optimize it away. */
export interface Subject {
  /** `sync`: calls return their result; `async`: each call is awaited before the next. */
  readonly calls: 'sync' | 'async'
  readonly operations: Readonly<Record<Operation, (key: string) => unknown>>
  /** Stores the value that the operation needs. */
  readonly store: (operation: Operation, key: string) => unknown
  readonly close: () => unknown
}

export type OpenSubject = (location: CacheLocation) => Subject | Promise<Subject>
