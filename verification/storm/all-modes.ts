/**
 * Storms over caches of all modes, one after the other, and a summary of their results.
 */

import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { memoryRoot } from '../../testing/temp-dir.ts'
import type { StormRunOptions } from './options.ts'
import { StepCoverage } from './step-coverage.ts'
import { runStorm, type StormResult } from './storm.ts'

export interface Summary {
  readonly outcomes: readonly (StormResult & { readonly mode: string })[]
  readonly total: StormResult
  readonly steps: { readonly known: number; readonly killed: number }
  /** Directories with the segments and operation logs of failed storms. */
  readonly evidence: readonly string[]
}

/** @param print - Receives a line of progress from time to time. */
export async function runStorms(
  { modes, kills, seconds, seed, python }: StormRunOptions,
  print: (line: string) => void,
): Promise<Summary> {
  const steps = new StepCoverage()
  const endMs = performance.now() + seconds * 1000
  const outcomes: Summary['outcomes'][number][] = []
  const evidence: string[] = []
  for (const [index, mode] of modes.entries()) {
    if (performance.now() >= endMs) break
    const directory = mkdtempSync(join(memoryRoot(), 'undercroft-storm-'))
    const share = Math.floor((kills * (index + 1)) / modes.length)
    const own = share - Math.floor((kills * index) / modes.length)
    const modeSeed = (seed + index) % 2 ** 31
    const onKill = (count: number) => {
      if (count % 100 === 0) print(`  ${mode.name}: ${count} of ${own} kills`)
    }
    const outcome = await runStorm({
      mode,
      directory,
      kills: own,
      seed: modeSeed,
      endMs,
      steps,
      python,
      onKill,
    })
    outcomes.push({ mode: mode.name, ...outcome })
    print(describe(mode.name, outcome))
    for (const fault of outcome.faults) print(`    FAULT ${fault}`)
    if (outcome.faults.length > 0) evidence.push(directory)
    else rmSync(directory, { recursive: true, force: true })
  }
  return { outcomes, total: sum(outcomes), steps: steps.counts(), evidence }
}

export function describe(name: string, outcome: StormResult): string {
  const {
    kills,
    killsAtSteps,
    operations,
    pythonReads,
    longestWaitMs,
    schedulerLatencyMs: latestMs,
  } = outcome
  const { takeovers, dropped, faults } = outcome
  const waits = `longest ${longestWaitMs.toFixed(0)} ms (the machine: ${latestMs.toFixed(0)})`
  return (
    `${name}: ${kills} kills (${killsAtSteps} at named steps), ${operations} calls ` +
    `(${pythonReads} reads of Python), ${waits}, ` +
    `${takeovers} takeovers, ${dropped} dropped, ${faults.length} faults`
  )
}

function sum(outcomes: readonly StormResult[]): StormResult {
  const add = (field: Exclude<keyof StormResult, 'faults' | 'longestWaitMs' | 'latestMs'>) =>
    outcomes.reduce((total, outcome) => total + outcome[field], 0)
  return {
    kills: add('kills'),
    killsAtSteps: add('killsAtSteps'),
    operations: add('operations'),
    pythonReads: add('pythonReads'),
    longestWaitMs: Math.max(0, ...outcomes.map(({ longestWaitMs }) => longestWaitMs)),
    schedulerLatencyMs: Math.max(
      0,
      ...outcomes.map(({ schedulerLatencyMs: latestMs }) => latestMs),
    ),
    takeovers: add('takeovers'),
    dropped: add('dropped'),
    faults: outcomes.flatMap(({ faults }) => faults),
  }
}
