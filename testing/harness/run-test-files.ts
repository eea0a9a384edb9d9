/**
 * A stage of node:test files, each in a process of its own, counted test by test.
 *
 * Suites are not counted, only tests. A file that ends before its tests do, or has none, counts as
 * one failed test: node:test reports it as a test named like the file.
 */

import { availableParallelism } from 'node:os'
import { basename } from 'node:path'
import { run } from 'node:test'
import { inspect } from 'node:util'
import type { TestStage } from './find-tests.ts'
import type { SkippedTest, StageResult } from './results.ts'

/** For a whole file, far beyond what any takes: a hang becomes a failure that names the file. */
const FILE_LIMIT_MS = 900_000

/** The part of an event's data that is used here; newer Nodes have more. */
interface Report {
  readonly name: string
  readonly nesting: number
  readonly file?: string
  readonly skip?: string | boolean
  readonly todo?: string | boolean
  readonly details: { readonly type?: string; readonly error?: Error; duration_ms: number }
}

/** Progress and failures are printed as they come; skips are returned. */
export async function runTestFiles(stage: TestStage, skipsFail: boolean): Promise<StageResult> {
  const startedMs = performance.now()
  const counts = { passed: 0, failed: 0 }
  const skipped: SkippedTest[] = []
  const titles: string[] = []
  /** With the suites around it: one promise may be made of several subjects. */
  const titleOf = (report: Report) => [...titles.slice(0, report.nesting), report.name].join(': ')
  const fail = (report: Report, reason: string) => {
    counts.failed++
    console.log(`  FAILED ${titleOf(report)}\n    ${report.file ?? ''}\n${indent(reason)}`)
  }
  const pass = (report: Report) => {
    const skip = report.skip ?? report.todo
    if (isEmptyFile(report, stage)) return fail(report, 'the file has no tests')
    if (skip === undefined) {
      counts.passed++
      console.log(`  ok ${titleOf(report)} (${report.details.duration_ms.toFixed(0)} ms)`)
      return
    }
    const reason = typeof skip === 'string' && skip !== '' ? skip : 'no reason given'
    skipped.push({ test: titleOf(report), file: report.file ?? '', reason })
    if (skipsFail) fail(report, `skipped in CI: ${reason}`)
    else console.log(`  skipped ${titleOf(report)}`)
  }
  const concurrency = stage.oneAtATime ? 1 : availableParallelism()
  const events = run({ files: [...stage.files], concurrency, timeout: FILE_LIMIT_MS })
  events.on('test:start', ({ name, nesting }) => {
    titles[nesting] = name
  })
  events.on('test:pass', (report: Report) => {
    // The tests of a skipped suite are not reported, so the suite stands for them.
    if (report.details.type !== 'suite' || report.skip !== undefined) pass(report)
  })
  events.on('test:fail', (report: Report) => {
    if (isCounted(report)) fail(report, describeFailure(report.details.error))
  })
  events.on('test:stderr', ({ message }) => process.stderr.write(message))
  for await (const _ of events) {
    // Reading the stream is what drives the run.
  }
  return { name: stage.name, ...counts, skipped, ms: performance.now() - startedMs }
}

/** A suite that failed only because its tests did is no failure more; one whose hook failed is. */
function isCounted(report: Report): boolean {
  return report.details.type !== 'suite' || failureType(report.details.error) !== 'subtestsFailed'
}

function isEmptyFile(report: Report, stage: TestStage): boolean {
  return report.nesting === 0 && stage.files.some(file => basename(file) === basename(report.name))
}

function failureType(error: Error | undefined): unknown {
  return error !== undefined && 'failureType' in error ? error.failureType : undefined
}

function describeFailure(error: Error | undefined): string {
  if (error !== undefined && 'exitCode' in error && error.exitCode !== null) {
    return `the process ended with exit code ${error.exitCode}`
  }
  return inspect(error?.cause ?? error, { depth: 4 })
}

function indent(text: string): string {
  return text.replaceAll(/^/gm, '    ')
}
