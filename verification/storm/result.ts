/**
 * What a storm reports.
 */

/** The result of a storm. */
export interface StormResult {
  kills: number
  /** Kills at a named step. All other kills were at a random moment. */
  killsAtSteps: number
  operations: number
  /** Those of the operations that readers in Python made. */
  pythonReads: number
  longestWaitMs: number
  /** The longest delay that the scheduler caused in a thread that only sleeps. */
  schedulerLatencyMs: number
  takeovers: number
  /** Items that recoveries dropped: at most one for each kill. */
  dropped: number
  faults: string[]
}

/** @returns the result of a storm in which nothing has happened yet */
export function startResult(): StormResult {
  return {
    kills: 0,
    killsAtSteps: 0,
    operations: 0,
    pythonReads: 0,
    longestWaitMs: 0,
    schedulerLatencyMs: 0,
    takeovers: 0,
    dropped: 0,
    faults: [],
  }
}
