/**
 * `npm run bench:all`: everything, in less than 15 minutes, and the page of it:
 * `docs/benchmarks.md` with its charts.
 */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { systemClock } from '../../src/base/index.ts'
import {
  type CommandValues,
  readCommandLine,
  runCommandLine,
  textOption,
} from '../../testing/command-line.ts'
import { ROOT } from '../../testing/root.ts'
import { programScope, type Scope } from '../../testing/scope.ts'
import { compareCaches } from '../compare/comparison.ts'
import { goalsOf } from '../compare/targets.ts'
import { OPERATIONS, type Operation } from '../compare/workload.ts'
import { measureBesideWriter } from '../engine/beside-writer.ts'
import { measureChurn } from '../engine/churn.ts'
import { measureGrowth } from '../engine/growth.ts'
import { columnMeans, measureCells } from '../hit-ratio/cells.ts'
import { readTraces } from '../hit-ratio/traces.ts'
import { itemsOption, parseOptions, roundsOption, secondsOption, sizeOption } from '../options.ts'
import { measureRemote, parseRemoteOptions } from '../remote/remote.ts'
import { remoteGoals } from '../remote/remote-report.ts'
import { machineFacts } from '../report.ts'
import { measureWeb, parseWebOptions, webGoals } from '../web/web.ts'
import type { PageData } from './page-data.ts'
import { renderPage } from './render-page.ts'
import { remoteGroups, webGroup } from './server-groups.ts'
import { findVersions } from './versions.ts'

/** Counted, not timed: more rounds would give the same. */
const CHURN = { itemCount: 5000, rounds: 5 }
const RESULTS = 'benchmarks/results.json'
/** Samples of 300 ms: those of 100 ms lay too far apart. */
const REMOTE_SECONDS = '90'
const SMALL_CHURN = { itemCount: 500, rounds: 2 }

const COMMAND = {
  name: 'npm run bench:all',
  summary: [
    'Run every benchmark, in less than 15 minutes, and write the page of their results with its ' +
      'charts: benchmarks.md and benchmarks/.',
  ],
  options: {
    seconds: secondsOption(180),
    rounds: roundsOption(15),
    items: itemsOption(1_000_000),
    size: sizeOption(),
    out: textOption('Folder of the page', 'FOLDER', {
      fallback: join(ROOT, 'docs'),
      shownDefault: 'docs',
    }),
  },
}

const startMs = performance.now()
await runCommandLine(async args => {
  const options = readCommandLine(COMMAND, args)
  const scope = programScope()
  try {
    const data = await measureAll(scope, options)
    const write = (path: string, text: string) => writePage(join(options.out, path), text)
    write(RESULTS, `${JSON.stringify(data, shorten, 1)}\n`)
    // From what was written, as the test makes it.
    const written: PageData = JSON.parse(readFileSync(join(options.out, RESULTS), 'utf8'))
    for (const [path, text] of renderPage(written)) write(path, text)
  } finally {
    await scope.end()
  }
})

async function measureAll(
  scope: Scope,
  { seconds, rounds, items, size }: CommandValues<typeof COMMAND.options>,
): Promise<PageData> {
  const isSmall = size === 'small'
  const texts = ['--seconds', String(seconds), '--rounds', String(rounds), '--size', size]
  const options = parseOptions(texts)
  const remoteSeconds = isSmall ? '1' : REMOTE_SECONDS
  const remoteOptions = parseRemoteOptions([...texts, '--seconds', remoteSeconds])
  const webOptions = parseWebOptions(['--seconds', '1', '--rounds', String(rounds)])
  tell('comparison of caches')
  const { names, missing, results } = await compareCaches(scope, options)
  tell('growth')
  const growth = measureGrowth(scope, { itemCount: items, rounds })
  tell('reads with a concurrent writer')
  const beside = await measureBesideWriter(scope, options.rounds, options.keyCount)
  tell('remote')
  const remote = await measureRemote(scope, remoteOptions)
  tell('web')
  const web = await measureWeb(scope, webOptions)
  tell('churn')
  const churn = measureChurn(scope, isSmall ? SMALL_CHURN : CHURN)
  tell('hit ratios')
  const traces = readTraces()
  const hitRatios = columnMeans([...measureCells(isSmall ? traces.slice(-1) : traces)])
  tell('done')
  const byOperation = (figures: (operation: Operation) => readonly number[]) =>
    Object.fromEntries(OPERATIONS.map(name => [name, figures(name)])) as Record<
      Operation,
      readonly number[]
    >
  return {
    date: new Date(systemClock.nowMs()).toISOString().slice(0, 10),
    machine: machineFacts(),
    versions: findVersions(),
    missing,
    keyCount: options.keyCount,
    rounds: options.rounds,
    comparison: names.map(name => ({
      name,
      nsPerCall: byOperation(operation => results.nsPerCall(name, operation)),
      scaling: byOperation(operation => results.scaling(name, operation)),
    })),
    goals: [
      { title: 'Against others', goals: goalsOf(results) },
      { title: 'Large caches and large values', goals: growth },
      { title: 'Reads with a concurrent writer', goals: beside },
      { title: 'Over sockets', goals: remoteGoals(remote) },
      { title: 'Cached pages', goals: webGoals(web) },
      { title: 'Used blocks under churn', goals: churn },
    ],
    servers: [...webGroup(web), ...remoteGroups(remote)],
    hitRatios,
  }
}

/** Keeps five digits of a fraction, more than the measurements have. */
function shorten(_: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isInteger(value)
    ? Number(value.toPrecision(5))
    : value
}

function tell(step: string): void {
  console.log(`${((performance.now() - startMs) / 1000).toFixed(0).padStart(4)} s  ${step}`)
}

function writePage(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
  console.log(`written: ${path}`)
}
