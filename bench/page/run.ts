/**
 * `npm run bench:all [-- --seconds N] [--rounds N] [--items N] [--size small] [--out FOLDER]`:
 * everything, in less than 15 minutes, and the page of it: `docs/benchmarks.md` with its charts.
 */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { systemClock } from '../../src/base/index.ts'
import { ROOT } from '../../testing/root.ts'
import { programScope } from '../../testing/scope.ts'
import { compareCaches } from '../compare/comparison.ts'
import { goalsOf } from '../compare/targets.ts'
import { OPERATIONS, type Operation } from '../compare/workload.ts'
import { measureBesideWriter } from '../engine/beside-writer.ts'
import { measureChurn } from '../engine/churn.ts'
import { measureGrowth } from '../engine/growth.ts'
import { columnMeans, measureCells } from '../hit-ratio/cells.ts'
import { readTraces } from '../hit-ratio/traces.ts'
import { type BenchOptions, parseOptions, parseRoundOptions } from '../options.ts'
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

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '180' },
    rounds: { type: 'string', default: '15' },
    items: { type: 'string', default: '1000000' },
    size: { type: 'string', default: 'normal' },
    out: { type: 'string', default: join(ROOT, 'docs') },
  },
})
const { seconds, rounds, items, size, out } = values
const isSmall = size === 'small'
const compared = parseOptions(['--seconds', seconds, '--rounds', rounds, '--size', size])
const grown = parseRoundOptions(['--items', items, '--rounds', rounds])
const remoteOptions = parseRemoteOptions([
  ...(isSmall ? ['--size', size, '--seconds', '1'] : ['--seconds', REMOTE_SECONDS]),
  ...['--rounds', rounds],
])
const webOptions = parseWebOptions(['--seconds', '1', '--rounds', rounds])

const startMs = performance.now()
const scope = programScope()
try {
  const data = await measureAll(compared)
  write(RESULTS, `${JSON.stringify(data, shorten, 1)}\n`)
  // From what was written, as the test makes it.
  const written: PageData = JSON.parse(readFileSync(join(out, RESULTS), 'utf8'))
  for (const [path, text] of renderPage(written)) write(path, text)
} finally {
  await scope.end()
}

async function measureAll(options: BenchOptions): Promise<PageData> {
  tell('caches in turns')
  const { names, missing, results } = await compareCaches(scope, options)
  tell('growth')
  const growth = measureGrowth(scope, grown)
  tell('beside a writer')
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

function write(path: string, text: string): void {
  const whole = join(out, path)
  mkdirSync(dirname(whole), { recursive: true })
  writeFileSync(whole, text)
  console.log(`written: ${whole}`)
}
