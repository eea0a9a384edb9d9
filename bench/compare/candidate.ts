/**
 * One cache among those compared, as a process that measures it sees it.
 */

import type { Operation } from './workload.ts'

/** Where the processes of one candidate meet. */
export interface CacheLocation {
  /** A directory in memory of this candidate alone. */
  readonly dir: string
  /** The Unix socket of its server, where it has one. */
  readonly socketPath: string
  /** Items it must hold. */
  readonly itemCount: number
}

/** The operations on one opened cache. Each gives what the cache gave: none is optimized away. */
export interface Subject {
  /** `sync`: the result is there on return; `async`: each call is awaited before the next. */
  readonly calls: 'sync' | 'async'
  readonly operations: Readonly<Record<Operation, (key: string) => unknown>>
  /** Stores the value that the operation works on. */
  readonly store: (operation: Operation, key: string) => unknown
  readonly close: () => unknown
}

export type OpenSubject = (location: CacheLocation) => Subject | Promise<Subject>
