/**
 * The messages between the run and its worker processes.
 */

import type { Timing } from './timed-loop.ts'
import type { Operation } from './workload.ts'

/** One sample. Processes share the monotonic clock, so those with the same start begin together. */
export interface Task {
  readonly operation: Operation
  readonly startAtNs: bigint
  readonly durationMs: number
}

export type Request =
  | { readonly kind: 'fill' }
  | { readonly kind: 'check' }
  /** Make one call for each key, since other candidates and operations have run meanwhile. */
  | { readonly kind: 'warm'; readonly operation: Operation }
  | { readonly kind: 'measure'; readonly task: Task }
  | { readonly kind: 'close' }

export type Response =
  | { readonly kind: 'done' }
  | { readonly kind: 'timing'; readonly timing: Timing }
