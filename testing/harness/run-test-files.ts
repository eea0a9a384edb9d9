/**
 * Stages of node:test files, each file in a process of its own, counted test by test.
 *
 * Suites are not counted, only tests. A file that ends before its tests do, or has none, counts as
 * one failed test: node:test reports it as a test named like the file.
 */

import { basename } from 'node:path'
import { run } from 'node:test'
import { inspect } from 'node:util'
import type { TestStage, Tier } from './find-tests.ts'
import { type SkippedTest, type StageResult, total } from './results.ts'

/**
 * For a whole file, far beyond what any takes: a hang becomes a failure that names the file. A file
 * of the matrix runs the tests of many others.
 */
const FILE_LIMITS_MS: Readonly<Record<Tier, number>> = {
  change: 900_000,
  matrix: 7_200_000,
  long: 3_600_000,
}

/** How Node.js 20 reports a test whose title does not match; later ones do not report it. */
const NOT_ASKED_FOR = 'test name does not match pattern'

/** The part of an event's data that is used here; newer Nodes have more. */
interface Report {
  readonly name: string
  readonly nesting: number
  readonly file?: string
  readonly skip?: string | boolean
  readonly todo?: string | boolean
  readonly details: { readonly type?: string; readonly error?: Error; duration_ms: number }
}

export interface RunOptions {
  /** How many files run at once. */
  readonly concurrency: number
  readonly skipsFail: boolean
  readonly tier: Tier
  /** A pattern for the titles of the wanted tests. */
  readonly title: string | undefined
}

/**
 * The files of all these stages, several at a time: a stage does not wait for the slowest file of
 * the one before. What a file says is printed when it has ended.
 */
export async function runTestFiles(
  stages: readonly TestStage[],
  options: RunOptions,
): Promise<StageResult[]> {
  const waiting = stages.flatMap(stage => stage.files.map(file => ({ stage, file })))
  const tallies: FileTally[] = []
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const tally = new FileTally(next.stage, next.file, options)
      tallies.push(tally)
      await tally.run()
    }
  }
  await Promise.all(Array.from({ length: options.concurrency }, work))
  return stages.map(stage => {
    const own = tallies.filter(tally => tally.stage === stage)
    const ms = own.reduce((sum, tally) => sum + tally.ms, 0)
    return { name: stage.name, ...total(own), ms }
  })
}

/** Runs one file and counts its results. */
class FileTally {
  readonly stage: TestStage
  readonly skipped: SkippedTest[] = []
  passed = 0
  failed = 0
  ms = 0
  readonly #file: string
  readonly #options: RunOptions
  readonly #lines: string[] = []
  readonly #titles: string[] = []

  constructor(stage: TestStage, file: string, options: RunOptions) {
    this.stage = stage
    this.#file = file
    this.#options = options
  }

  async run(): Promise<void> {
    const startedMs = performance.now()
    const { title, tier } = this.#options
    const patterns = title === undefined ? {} : { testNamePatterns: [title] }
    const events = run({ files: [this.#file], timeout: FILE_LIMITS_MS[tier], ...patterns })
    events.on('test:start', ({ name, nesting }) => {
      this.#titles[nesting] = name
    })
    events.on('test:pass', (report: Report) => this.#pass(report))
    events.on('test:fail', (report: Report) => this.#fail(report))
    events.on('test:diagnostic', ({ file, message }) => {
      // Those without a file are the counts of the file's own process.
      if (file !== undefined) this.#lines.push(`    ${message}`)
    })
    events.on('test:stderr', ({ message }) => this.#lines.push(message.trimEnd()))
    for await (const _ of events) {
      // Reading the stream is what drives the run.
    }
    this.ms = performance.now() - startedMs
    if (this.#lines.length === 0) return
    const seconds = (this.ms / 1000).toFixed(1)
    const name = basename(this.#file).replace(/\.test\.js$/, '')
    console.log(`\n${this.stage.name}/${name} (${seconds} s)\n${this.#lines.join('\n')}`)
  }

  #pass(report: Report): void {
    const skip = report.skip ?? report.todo
    // The tests of a skipped suite are not reported, so the suite stands for them.
    if (report.details.type === 'suite' && report.skip === undefined) return
    if (skip === NOT_ASKED_FOR) return
    if (report.nesting === 0 && basename(report.name) === basename(this.#file)) {
      // A file may have none of the titles that were asked for.
      if (this.#options.title === undefined) this.#recordFailure(report, 'the file has no tests')
      return
    }
    if (skip === undefined) {
      this.passed++
      this.#lines.push(
        `  ok ${this.#titleOf(report)} (${report.details.duration_ms.toFixed(0)} ms)`,
      )
      return
    }
    const reason = typeof skip === 'string' && skip !== '' ? skip : 'no reason given'
    this.skipped.push({ test: this.#titleOf(report), file: report.file ?? this.#file, reason })
    if (this.#options.skipsFail) this.#recordFailure(report, `skipped in CI: ${reason}`)
    else this.#lines.push(`  skipped ${this.#titleOf(report)}`)
  }

  #fail(report: Report): void {
    if (isCounted(report)) this.#recordFailure(report, describeFailure(report.details.error))
  }

  #recordFailure(report: Report, reason: string): void {
    this.failed++
    const place = report.file ?? this.#file
    this.#lines.push(`  FAILED ${this.#titleOf(report)}\n    ${place}\n${indent(reason)}`)
  }

  /** With the suites around it: one promise may be made of several subjects. */
  #titleOf({ name, nesting }: Report): string {
    return [...this.#titles.slice(0, nesting), name].join(': ')
  }
}

/** A suite counts as failed only if its hook failed, since its failed tests are counted already. */
function isCounted(report: Report): boolean {
  return report.details.type !== 'suite' || failureType(report.details.error) !== 'subtestsFailed'
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
