/**
 * Renders the benchmark page and its charts from the data. Measures nothing.
 */

import { median } from '../../testing/statistics.ts'
import { SERVED_CANDIDATES } from '../compare/candidates.ts'
import { OPERATIONS, type Operation, VALUE_SIZE } from '../compare/workload.ts'
import { goalStatus, limitText } from '../goal.ts'
import { NOTES } from '../report.ts'
import { spread } from '../results.ts'
import { type Bar, barChart } from './bar-chart.ts'
import type { ComparedCache, PageData, ServerGroup } from './page-data.ts'

/** Operations with a chart. */
const CHARTED: readonly Operation[] = ['get string', 'set', 'has']

const HIT_RATIO_TEXT = `Means over real traces and several cache sizes. adaptive and lru are the
policies of undercroft, measured by replaying the traces. Trusted simulators counted the others.
\`npm run bench:hit-ratio\` prints every trace and size.`

const SERVERS_TEXT = `Clients and servers share the processors of one machine. For pages, each
server has two workers, and wrk sends requests over persistent connections. For gets and sets, each
server is one process. Four of uWSGI's own clients send requests, with a new connection for each;
"pipelined" is one \`RemoteCache\` with one connection.`

/** @returns paths from `docs/` with the content of each file */
export function renderPage(data: PageData): ReadonlyMap<string, string> {
  const files = new Map([['benchmarks.md', renderText(data)]])
  for (const operation of CHARTED) {
    files.set(chartPath(operation), timeChart(data.comparison, operation))
  }
  for (const group of data.servers) files.set(chartPath(group.title), rateChart(group))
  if (data.hitRatios.length > 0) files.set(chartPath('hit ratio'), hitRatioChart(data.hitRatios))
  return files
}

function renderText(data: PageData): string {
  const { date, machine, versions, missing, keyCount, rounds, goals, servers, hitRatios } = data
  const parts = [
    '# Benchmarks',
    '`npm run bench:all` writes this page; do not edit it. Each figure is the median of several\n' +
      'rounds, with the least and the most in parentheses. All candidates run in each round.',
    '## Machine and versions',
    table(['', ''], [['date', date], ...machine, ...versions]),
    ...missing.map(([name, reason]) => `${name} was not measured: ${reason}.`),
    '## Goals',
    'The goals are ratios within one run, so that they can be compared between machines.',
    ...goals.flatMap(group => [`### ${group.title}`, goalTable(group.goals)]),
    '## Comparison with other caches',
    `${keyCount} keys like \`user:1234:profile\` in one shuffled order, strings and bytes of ` +
      `${VALUE_SIZE}; ${rounds} rounds.`,
    NOTES.join('\n'),
    '### Nanoseconds per call in one process',
    ...CHARTED.map(operation => image(`${operation}: nanoseconds per call`, operation)),
    operationTable(data.comparison, ({ nsPerCall }, operation) => cell(nsPerCall[operation], 0)),
    '### Calls of two processes together / calls of one',
    operationTable(data.comparison, ({ scaling }, operation) => cell(scaling[operation], 2)),
    ...(servers.length === 0 ? [] : ['## Servers', SERVERS_TEXT]),
    ...servers.flatMap(group => [
      `### ${group.title}`,
      image(`${group.title}: requests per second`, group.title),
      table(
        ['', 'requests per second'],
        group.rows.map(({ name, rates }) => [name, cell(rates, 0)]),
      ),
    ]),
    ...(hitRatios.length === 0
      ? []
      : [
          '## Hit ratios',
          HIT_RATIO_TEXT,
          image('mean hit ratio', 'hit ratio'),
          table(
            ['policy', 'mean hit ratio'],
            hitRatios.map(([name, ratio]) => [name, ratio.toFixed(4)]),
          ),
        ]),
  ]
  return `${parts.join('\n\n')}\n`
}

function goalTable(goals: PageData['goals'][number]['goals']): string {
  return table(
    ['', 'goal', 'measured', ''],
    goals.map(goal => [goal.title, limitText(goal), cell(goal.ratios, 2), goalStatus(goal)]),
  )
}

function operationTable(
  caches: readonly ComparedCache[],
  cellOf: (cache: ComparedCache, operation: Operation) => string,
): string {
  return table(
    ['', ...OPERATIONS],
    caches.map(cache => [cache.name, ...OPERATIONS.map(operation => cellOf(cache, operation))]),
  )
}

function cell(values: readonly number[], digits: number): string {
  return values.length === 0 ? '' : spread(values, digits)
}

function image(text: string, name: string): string {
  return `![${text}](${chartPath(name)})`
}

function chartPath(name: string): string {
  return `benchmarks/${name.toLowerCase().replaceAll(' ', '-')}.svg`
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map(text => text.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

function timeChart(caches: readonly ComparedCache[], operation: Operation): string {
  const bars = caches
    .map(({ name, nsPerCall }) => ({ name, values: nsPerCall[operation] }))
    .filter(({ name, values }) => values.length > 0 && !SERVED_CANDIDATES.includes(name))
    .map(({ name, values }) => barOf(name, values, name.startsWith('undercroft')))
    .sort((a, b) => a.value - b.value)
  return barChart(`${operation}: nanoseconds per call`, bars, value => `${value.toFixed(0)} ns`)
}

function rateChart({ title, rows }: ServerGroup): string {
  const bars = rows
    .filter(({ rates }) => rates.length > 0)
    .map(({ name, isOurs, rates }) => barOf(name, rates, isOurs))
    .sort((a, b) => b.value - a.value)
  return barChart(`${title}: requests per second`, bars, value => value.toFixed(0))
}

/** @returns a bar with the median of the rounds, the least and the most */
function barOf(label: string, values: readonly number[], isOurs: boolean): Bar {
  const spread = [Math.min(...values), Math.max(...values)] as const
  return { label, value: median(values), spread, isOurs }
}

function hitRatioChart(hitRatios: PageData['hitRatios']): string {
  const bars = hitRatios.map(([label, value]) => ({
    label,
    value,
    isOurs: label === 'adaptive' || label === 'lru',
  }))
  return barChart('mean hit ratio', bars, value => value.toFixed(4))
}
