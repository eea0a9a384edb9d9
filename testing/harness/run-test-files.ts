/**
 * Stages of node:test files, counted test by test. Each file has a process of its own, or all files
 * of a stage have one together.
 *
 * Suites are not counted, only tests. A process that ends before its tests do counts as one failed
 * test, which node:test reports, and so does a file without tests.
 */

import { basename } from 'node:path'
import { run } from 'node:test'
import { inspect } from 'node:util'
import type { TestStage, Tier } from './find-tests.ts'
import { BEGINS, fileThatBegins, withModuleOf } from './one-process.ts'
import { type SkippedTest, type StageResult, total } from './results.ts'

/**
 * For a whole process, far beyond what any takes: a hang becomes a failure that names the file. A
 * file of the matrix runs the tests of many others.
 */
const PROCESS_LIMITS_MS: Readonly<Record<Tier, number>> = {
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
  /** How many processes run at once. */
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
  const waiting = stages.flatMap(stage => {
    const processes = stage.isOneProcess ? [stage.files] : stage.files.map(file => [file])
    return processes.map(files => ({ stage, files }))
  })
  const tallies: ProcessTally[] = []
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const tally = new ProcessTally(next.stage, next.files, options)
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

/** Runs files in one process and counts their results. */
class ProcessTally {
  readonly stage: TestStage
  readonly skipped: SkippedTest[] = []
  passed = 0
  failed = 0
  ms = 0
  readonly #files: readonly string[]
  readonly #options: RunOptions
  /** The file whose tests run now; undefined before the first one begins. */
  #file: string | undefined
  #fileStartedMs = 0
  #testCount = 0
  readonly #lines: string[] = []
  readonly #titles: string[] = []

  constructor(stage: TestStage, files: readonly string[], options: RunOptions) {
    this.stage = stage
    this.#files = files
    this.#options = options
  }

  async run(): Promise<void> {
    const startedMs = performance.now()
    this.#fileStartedMs = startedMs
    await withModuleOf(this.#files, module => this.#runModule(module))
    this.#endFile()
    this.ms = performance.now() - startedMs
  }

  async #runModule(module: string): Promise<void> {
    const { title, tier } = this.#options
    const patterns = title === undefined ? {} : { testNamePatterns: [title, BEGINS] }
    const events = run({ files: [module], timeout: PROCESS_LIMITS_MS[tier], ...patterns })
    events.on('test:start', ({ name, nesting }) => {
      this.#titles[nesting] = name
    })
    events.on('test:pass', (report: Report) => this.#pass(report))
    events.on('test:fail', (report: Report) => this.#fail(report))
    events.on('test:diagnostic', ({ file, message }) => {
      // Those without a file are the counts of the process.
      if (file !== undefined) this.#lines.push(`    ${message}`)
    })
    events.on('test:stderr', ({ message }) => this.#lines.push(message.trimEnd()))
    for await (const _ of events) {
      // Reading the stream is what drives the run.
    }
  }

  #beginFile(file: string): void {
    if (this.#file !== undefined) {
      this.#endFile()
      this.#fileStartedMs = performance.now()
    }
    this.#file = file
    this.#testCount = 0
  }

  /** Prints what the tests of the file reported. */
  #endFile(): void {
    const file = this.#file ?? this.#files[0] ?? ''
    // A file may have none of the titles that were asked for.
    if (this.#testCount === 0 && this.#options.title === undefined) {
      this.failed++
      this.#lines.push(`  FAILED the file has no tests\n    ${file}`)
    }
    const lines = this.#lines.splice(0)
    if (lines.length === 0) return
    const seconds = ((performance.now() - this.#fileStartedMs) / 1000).toFixed(1)
    const name = basename(file).replace(/\.test\.js$/, '')
    console.log(`\n${this.stage.name}/${name} (${seconds} s)\n${lines.join('\n')}`)
  }

  #pass(report: Report): void {
    const file = fileThatBegins(report.name)
    if (file !== undefined) {
      this.#beginFile(file)
      return
    }
    const skip = report.skip ?? report.todo
    // The tests of a skipped suite are not reported, so the suite stands for them.
    if (report.details.type === 'suite' && report.skip === undefined) return
    if (skip === NOT_ASKED_FOR) return
    this.#testCount++
    if (skip === undefined) {
      this.passed++
      this.#lines.push(
        `  ok ${this.#titleOf(report)} (${report.details.duration_ms.toFixed(0)} ms)`,
      )
      return
    }
    const reason = typeof skip === 'string' && skip !== '' ? skip : 'no reason given'
    this.skipped.push({ test: this.#titleOf(report), file: this.#placeOf(report), reason })
    if (this.#options.skipsFail) this.#recordFailure(report, `skipped in CI: ${reason}`)
    else this.#lines.push(`  skipped ${this.#titleOf(report)}`)
  }

  #fail(report: Report): void {
    if (!isCounted(report)) return
    this.#testCount++
    this.#recordFailure(report, describeFailure(report.details.error))
  }

  #recordFailure(report: Report, reason: string): void {
    this.failed++
    const place = this.#placeOf(report)
    this.#lines.push(`  FAILED ${this.#titleOf(report)}\n    ${place}\n${indent(reason)}`)
  }

  /** Where the test was declared. */
  #placeOf({ file = this.#file }: Report): string {
    return file ?? this.#files.join(', ')
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
