/**
 * `npm run conformance -- --suite FOLDER`: the HTTP cache in the public suite
 * http-tests/cache-tests, next to the results that the suite publishes for other caches.
 */

import { writeFileSync } from 'node:fs'
import {
  CommandLineError,
  choiceOption,
  readCommandLine,
  runCommandLine,
  textOption,
} from '../../testing/command-line.ts'
import { programScope } from '../../testing/scope.ts'
import { machineLine } from '../storm/machine.ts'
import { DELIBERATE_FAILURES } from './deliberate-failures.ts'
import {
  formatTable,
  gradeAll,
  isBroken,
  judge,
  type ScoreRow,
  scoreOf,
  type TestResults,
} from './grading.ts'
import { SUBJECT_NAMES, SUBJECTS, type SubjectName } from './subjects.ts'
import { openSuite, publishedScores, runClient, type Suite, startOrigin } from './suite.ts'

const COMMAND = {
  name: 'npm run conformance',
  summary: [
    'Run the public conformance suite for HTTP caches against HttpCache, and print the scores ' +
      'next to those that the suite publishes for other caches. A run takes about two minutes.',
    'Clone https://github.com/http-tests/cache-tests first, and run npm install in it.',
    'The exit code is 1 if a required or an optimal test fails that is not listed in ' +
      'verification/conformance/deliberate-failures.ts, or if a test passes that is listed there.',
  ],
  options: {
    suite: textOption('Folder with the clone', 'FOLDER', { fallback: '', shownDefault: 'none' }),
    subject: choiceOption('Test only one of the caches', ['all', ...SUBJECT_NAMES], 'all'),
    json: textOption('Write scores and results to this file', 'FILE', {
      fallback: '',
      shownDefault: 'no file',
    }),
  },
}

await runCommandLine(async args => {
  const { suite: folder, subject, json } = readCommandLine(COMMAND, args)
  if (folder === '') throw new CommandLineError(`${COMMAND.name}: --suite FOLDER is missing`)
  const suite = await openSuite(folder)
  const names = subject === 'all' ? SUBJECT_NAMES : [subject]
  const outcomes = await runAll(suite, names)
  const rows = outcomes.map(({ name, results }) => report(suite, name, results))
  const published = await publishedScores(suite)
  const { version, commit } = suite
  console.log(`\ncache-tests ${version} (${commit}); ${machineLine()}\n`)
  console.log(formatTable([...rows, ...published]))
  if (json === '') return
  const all = { suite: { version, commit }, scores: [...rows, ...published], outcomes }
  writeFileSync(json, `${JSON.stringify(all, null, 2)}\n`)
})

interface Outcome {
  readonly name: SubjectName
  readonly results: TestResults
}

/** All at the same time: the suite mostly waits. */
async function runAll(suite: Suite, names: readonly SubjectName[]): Promise<Outcome[]> {
  const scope = programScope()
  try {
    const originPort = await startOrigin(scope, suite)
    const started: { name: SubjectName; port: number }[] = []
    for (const name of names) {
      started.push({ name, port: await SUBJECTS[name](scope, originPort) })
    }
    return await Promise.all(
      started.map(async ({ name, port }) => ({ name, results: await runClient(suite, port) })),
    )
  } finally {
    await scope.end()
  }
}

/** Prints what is not as expected. */
function report({ tests }: Suite, name: SubjectName, results: TestResults): ScoreRow {
  const grades = gradeAll(tests, results)
  const { unexpected, outdated } = judge(name, tests, grades, DELIBERATE_FAILURES)
  for (const { id, kind } of unexpected) {
    const result = results[id]
    const message = typeof result === 'object' ? `: ${result.join(': ')}` : ''
    console.log(`${name}: ${kind} test ${id} ${grades.get(id)}${message}`)
  }
  for (const { id } of outdated) {
    console.log(`${name}: ${id} passes; remove it from the list of deliberate failures`)
  }
  const broken = tests.filter(({ id }) => isBroken(results[id]))
  if (broken.length > 0) {
    console.log(`${name}: ${broken.length} tests had no answer in time; is this machine busy?`)
  }
  if (unexpected.length + outdated.length > 0) process.exitCode = 1
  return { name: `undercroft, ${name}`, version: 'this', score: scoreOf(tests, grades) }
}
