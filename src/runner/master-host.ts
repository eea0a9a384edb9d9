/**
 * What the master reports, and to whom.
 */

import type { CacheStats } from '../base/index.ts'
import type { SocketAddress } from '../uwsgi/options/index.ts'
import type { ServePlan } from './plan.ts'
import type { ListeningSocket } from './sockets/listening-sockets.ts'

/** What is open before the first worker starts. */
export interface MasterOpened {
  readonly caches: readonly CacheStats[]
  readonly sockets: readonly Pick<ListeningSocket, 'address' | 'protocol'>[]
}

/** What is running once all workers serve. */
export interface MasterReady extends MasterOpened {
  readonly statsAddress: SocketAddress | undefined
  /** Process ids. */
  readonly workers: readonly number[]
}

/** The receiver of the master's reports, and the facts that the master does not know. */
export interface MasterHost {
  /** Version of this package. */
  readonly version: string
  /** Reads the configuration again, for a reload. */
  readPlan(): ServePlan
  onLog(line: string): void
  onOpened(opened: MasterOpened): void
  onReady(ready: MasterReady): void
}
