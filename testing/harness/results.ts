/**
 * The results of a stage, and of all stages together.
 */

export interface SkippedTest {
  readonly test: string
  readonly file: string
  readonly reason: string
}

export interface StageResult {
  readonly name: string
  readonly passed: number
  /** Skipped tests included where a skip counts as a failure. */
  readonly failed: number
  readonly skipped: readonly SkippedTest[]
  readonly ms: number
}

export type StageCounts = Pick<StageResult, 'passed' | 'failed' | 'skipped'>

export function total(results: readonly StageCounts[]): StageCounts {
  return {
    passed: results.reduce((sum, result) => sum + result.passed, 0),
    failed: results.reduce((sum, result) => sum + result.failed, 0),
    skipped: results.flatMap(result => result.skipped),
  }
}
