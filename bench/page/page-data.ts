/**
 * All that the page of benchmarks is made of. It lies beside the page as JSON, and a test makes the
 * page anew from it: so nothing in the page is written by hand.
 */

import type { CandidateName } from '../compare/candidates.ts'
import type { Operation } from '../compare/workload.ts'
import type { Goal } from '../goal.ts'

export interface PageData {
  readonly date: string
  /** Title and text of each line about the machine. */
  readonly machine: readonly (readonly [string, string])[]
  /** Versions of what was measured. */
  readonly versions: readonly (readonly [string, string])[]
  /** Candidates that were not there, and why. */
  readonly missing: readonly (readonly [string, string])[]
  readonly keyCount: number
  readonly rounds: number
  readonly comparison: readonly ComparedCache[]
  /** In groups, as they were measured. */
  readonly goals: readonly { readonly title: string; readonly goals: readonly Goal[] }[]
  /** Requests a second of servers, in groups that were asked the same. */
  readonly servers: readonly ServerGroup[]
  /** Mean over all traces and sizes. */
  readonly hitRatios: readonly (readonly [string, number])[]
}

export interface ComparedCache {
  readonly name: CandidateName
  /** One figure a round. */
  readonly nsPerCall: Readonly<Record<Operation, readonly number[]>>
  /** Calls of two processes, of those of one. */
  readonly scaling: Readonly<Record<Operation, readonly number[]>>
}

export interface ServerGroup {
  readonly title: string
  readonly rows: readonly {
    readonly name: string
    readonly isOurs: boolean
    /** Requests a second, a figure for each round. */
    readonly rates: readonly number[]
  }[]
}
