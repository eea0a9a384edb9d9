/**
 * What the results of the public suite http-tests/cache-tests mean: a grade for each test, a score
 * for each kind of test, and whether a failure was expected.
 *
 * The suite's own pages grade in the same way, so that our figures and its published ones compare.
 */

/** `required` and `optimal` can fail; a `check` asks what a cache does, and no answer is wrong. */
export const TEST_KINDS = ['required', 'optimal', 'check'] as const
export type TestKind = (typeof TEST_KINDS)[number]

/** One test of the suite, as far as grading needs it. */
export interface SuiteTest {
  readonly id: string
  readonly kind: TestKind
  /** Tests that must pass before this one says anything. */
  readonly dependsOn: readonly string[]
}

/** The client's result of a test: it held, or the kind of failure and a message. */
export type TestResult = true | readonly [failure: string, message: string]

/** By the id of the test. */
export type TestResults = Readonly<Record<string, TestResult | undefined>>

/**
 * `unprepared`: a condition of the test did not hold, and it says nothing. `blocked`: a test that
 * this one depends on did not pass. `missing`: there is no result.
 */
export type Grade = 'passed' | 'failed' | 'unprepared' | 'blocked' | 'missing'

export interface KindScore {
  readonly passed: number
  readonly total: number
}

export type Score = Readonly<Record<TestKind, KindScore>>

/** A group of tests that may fail, and why. */
export interface DeliberateFailure {
  readonly ids: readonly string[]
  /** The subjects that it holds for. @default all */
  readonly subjects?: readonly string[]
  readonly reason: string
}

/** How the grades of a subject compare with the list of deliberate failures. */
export interface Verdict {
  /** Did not pass, and no reason is listed. */
  readonly unexpected: readonly SuiteTest[]
  /** Listed with a reason, and passed. */
  readonly outdated: readonly SuiteTest[]
}

/** The suite's tests for caches that are not browsers. */
export function readTests(suites: unknown): SuiteTest[] {
  if (!Array.isArray(suites)) throw new TypeError('the suite exports no list of tests')
  return suites.flatMap(({ tests }: { tests: RawTest[] }) =>
    tests.filter(test => test.browser_only !== true).map(readTest),
  )
}

interface RawTest {
  readonly id: string
  readonly kind?: TestKind
  readonly depends_on?: readonly string[]
  readonly browser_only?: boolean
}

function readTest({ id, kind = 'required', depends_on: dependsOn = [] }: RawTest): SuiteTest {
  if (!TEST_KINDS.includes(kind)) throw new TypeError(`the test ${id} is of unknown kind "${kind}"`)
  return { id, kind, dependsOn }
}

/** The results in the output of the suite's client, which may print warnings before them. */
export function readResults(output: string): TestResults {
  const start = output.search(/^\{/m)
  if (start < 0) throw new TypeError(`the suite's client printed no results:\n${output}`)
  return JSON.parse(output.slice(start))
}

export function gradeAll(
  tests: readonly SuiteTest[],
  results: TestResults,
): ReadonlyMap<string, Grade> {
  const known = new Map(tests.map(test => [test.id, test]))
  const grades = new Map<string, Grade>()
  const gradeOf = (test: SuiteTest): Grade => {
    const before = grades.get(test.id)
    if (before !== undefined) return before
    grades.set(test.id, 'blocked') // what a circle of dependencies would be
    const isBlocked = test.dependsOn.some(id => {
      const dependency = known.get(id)
      return dependency === undefined || gradeOf(dependency) !== 'passed'
    })
    const grade = gradeAlone(results[test.id], isBlocked)
    grades.set(test.id, grade)
    return grade
  }
  for (const test of tests) gradeOf(test)
  return grades
}

function gradeAlone(result: TestResult | undefined, isBlocked: boolean): Grade {
  if (result === undefined) return 'missing'
  if (isBlocked) return 'blocked'
  if (result === true) return 'passed'
  return result[0] === 'Setup' ? 'unprepared' : 'failed'
}

/** The client had no answer, so the result is about the machine and not about the cache. */
export function isBroken(result: TestResult | undefined): boolean {
  return typeof result === 'object' && ['AbortError', 'TypeError'].includes(result[0])
}

export function scoreOf(tests: readonly SuiteTest[], grades: ReadonlyMap<string, Grade>): Score {
  const scoreOfKind = (wanted: TestKind): KindScore => {
    const ofKind = tests.filter(({ kind }) => kind === wanted)
    const passed = ofKind.filter(({ id }) => grades.get(id) === 'passed')
    return { passed: passed.length, total: ofKind.length }
  }
  return {
    required: scoreOfKind('required'),
    optimal: scoreOfKind('optimal'),
    check: scoreOfKind('check'),
  }
}

/** A test that only a deliberate failure blocks needs no reason of its own. */
export function judge(
  subject: string,
  tests: readonly SuiteTest[],
  grades: ReadonlyMap<string, Grade>,
  deliberate: readonly DeliberateFailure[],
): Verdict {
  const listed = new Set(
    deliberate
      .filter(({ subjects }) => subjects === undefined || subjects.includes(subject))
      .flatMap(({ ids }) => ids),
  )
  const judged = tests.filter(({ kind }) => kind !== 'check')
  const hasPassed = ({ id }: SuiteTest) => grades.get(id) === 'passed'
  const isExplained = ({ id }: SuiteTest) => listed.has(id) || grades.get(id) === 'blocked'
  // A test that blocks another is judged itself, or is a check, where no answer is wrong.
  return {
    unexpected: judged.filter(test => !hasPassed(test) && !isExplained(test)),
    outdated: judged.filter(test => hasPassed(test) && listed.has(test.id)),
  }
}

/** A row of the table: who, in which version, and the score. */
export interface ScoreRow {
  readonly name: string
  readonly version: string
  readonly score: Score
}

/** A Markdown table, as the guide shows it. */
export function formatTable(rows: readonly ScoreRow[]): string {
  const [first] = rows
  const heads = TEST_KINDS.map(kind => `${kind} (${first?.score[kind].total ?? 0})`)
  const cells = rows.map(({ name, version, score }) => [
    name,
    version,
    ...TEST_KINDS.map(kind => String(score[kind].passed)),
  ])
  const all = [['cache', 'version', ...heads], ...cells]
  const widths = ['cache', 'version', ...heads].map((_, column) =>
    Math.max(...all.map(row => row[column]?.length ?? 0)),
  )
  const lines = all.map(row => `| ${row.map((cell, at) => pad(cell, at, widths)).join(' | ')} |`)
  const rule = widths.map((width, at) => (at < 2 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`))
  return [lines[0], `| ${rule.join(' | ')} |`, ...lines.slice(1)].join('\n')
}

/** Names to the left, figures to the right. */
function pad(cell: string, column: number, widths: readonly number[]): string {
  const width = widths[column] ?? 0
  return column < 2 ? cell.padEnd(width) : cell.padStart(width)
}
