/**
 * What the run and the processes that measure say to each other.
 */

import type { Timing } from './timed-loop.ts'
import type { Operation } from './workload.ts'

/** One sample. Processes given the same start begin together: they share the monotonic clock. */
export interface Task {
  readonly operation: Operation
  readonly startAtNs: bigint
  readonly durationMs: number
}

export type Request =
  | { readonly kind: 'fill' }
  | { readonly kind: 'check' }
  /** One call for each key: others were measured meanwhile, and other operations changed items. */
  | { readonly kind: 'warm'; readonly operation: Operation }
  | { readonly kind: 'measure'; readonly task: Task }
  | { readonly kind: 'close' }

export type Response =
  | { readonly kind: 'done' }
  | { readonly kind: 'timing'; readonly timing: Timing }
