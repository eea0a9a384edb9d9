/**
 * What the run and the processes that measure say to each other.
 */

import type { Timing } from './timed-loop.ts'
import type { Operation } from './workload.ts'

/** One sample. Processes given the same start begin together: they share the monotonic clock. */
export interface Task {
  readonly operation: Operation
  readonly startAtNs: bigint
  /** Time to go through the keys before: others were measured, and have the processor's caches. */
  readonly warmUpMs: number
  readonly durationMs: number
}

export type Request =
  | { readonly kind: 'fill' }
  | { readonly kind: 'check' }
  | { readonly kind: 'measure'; readonly task: Task }
  | { readonly kind: 'close' }

export type Response =
  | { readonly kind: 'done' }
  | { readonly kind: 'timing'; readonly timing: Timing }
