/**
 * All data of the benchmark page. The data is stored as JSON with the page. A test renders the page
 * from it again, so that no part of the page is written by hand.
 */

import type { CandidateName } from '../compare/candidates.ts'
import type { Operation } from '../compare/workload.ts'
import type { Goal } from '../goal.ts'

export interface PageData {
  readonly date: string
  /** Title and text of each fact about the machine. */
  readonly machine: readonly (readonly [string, string])[]
  /** Names and versions of the measured programs. */
  readonly versions: readonly (readonly [string, string])[]
  /** Candidates that were not installed, with the reason. */
  readonly missing: readonly (readonly [string, string])[]
  readonly keyCount: number
  readonly rounds: number
  readonly comparison: readonly ComparedCache[]
  /** Goals in the groups in which they were measured. */
  readonly goals: readonly { readonly title: string; readonly goals: readonly Goal[] }[]
  /** Requests per second of servers, in groups that received the same requests. */
  readonly servers: readonly ServerGroup[]
  /** The mean over all traces and cache sizes for each policy. */
  readonly hitRatios: readonly (readonly [string, number])[]
}

export interface ComparedCache {
  readonly name: CandidateName
  /** One figure for each round. */
  readonly nsPerCall: Readonly<Record<Operation, readonly number[]>>
  /** Calls of two processes together as a multiple of those of one. */
  readonly scaling: Readonly<Record<Operation, readonly number[]>>
}

export interface ServerGroup {
  readonly title: string
  readonly rows: readonly {
    readonly name: string
    readonly isOurs: boolean
    /** Requests per second, one figure for each round. */
    readonly rates: readonly number[]
  }[]
}
