/**
 * A listener and its limits, once the options are resolved: what all that listens needs to know.
 */

import type { Address } from '../protocols/uwsgi/index.ts'
import type { Access } from './access.ts'

export interface ResolvedListener {
  readonly address: Address
  readonly access: Access
  readonly allowPublic: boolean
  readonly mode: number
  readonly fd?: number | undefined
}

/** What every connection of a server needs to know. */
export interface Limits {
  readonly bufferSize: number
  readonly socketTimeoutMs: number
  readonly minBytesPerSecond: number
  readonly keepTimeoutMs: number
  readonly maxConnections: number
  readonly maxBufferedSize: number
  readonly drainTimeoutMs: number
  readonly drainIdleMs: number
}
