import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { OPERATIONS, type Operation } from '../../bench/compare/workload.ts'
import type { PageData } from '../../bench/page/page-data.ts'
import { renderPage } from '../../bench/page/render-page.ts'
import { ROOT } from '../../testing/root.ts'

const DOCS = join(ROOT, 'docs')
const RESULTS = join(DOCS, 'benchmarks/results.json')

const DATA: PageData = {
  date: '2026-03-01',
  machine: [['CPU', 'one & only']],
  versions: [['uWSGI', '2.0']],
  missing: [['redis', 'redis-server is not installed']],
  keyCount: 1000,
  rounds: 3,
  comparison: [
    { name: 'undercroft', nsPerCall: alike([30, 10, 20]), scaling: alike([1.9]) },
    { name: 'lmdb', nsPerCall: { ...alike([200]), set: [] }, scaling: alike([]) },
  ],
  goals: [
    {
      title: 'Against others',
      goals: [
        { title: 'low', limit: 0.5, best: 'low', ratios: [0.4, 0.3, 0.6] },
        { title: 'high', limit: 2, best: 'high', ratios: [1.9] },
        { title: 'none', limit: 2, best: 'high', ratios: [] },
        { title: 'plain', limit: undefined, best: 'low', ratios: [3] },
      ],
    },
  ],
  servers: [
    {
      title: 'Cached pages',
      rows: [
        { name: 'uWSGI', isOurs: false, rates: [100] },
        { name: 'undercroft serve', isOurs: true, rates: [200, 400, 300] },
      ],
    },
  ],
  hitRatios: [
    ['adaptive', 0.46],
    ['LRU', 0.43],
  ],
}

describe('the page of benchmarks', () => {
  const files = renderPage(DATA)
  const page = files.get('benchmarks.md') ?? ''

  test('tells medians with their spread, and what is missing', () => {
    assert.match(page, /^\| undercroft \| 20 \(10\.\.30\) \|/m)
    assert.match(page, /redis was not measured: redis-server is not installed/)
    assert.match(page, /^\| date \| 2026-03-01 \|$/m)
  })

  test('says of each goal whether it is reached', () => {
    assert.match(page, /^\| low \| at most 0\.5 \| 0\.40 \(0\.30\.\.0\.60\) \| reached \|$/m)
    assert.match(page, /^\| high \| at least 2 \| 1\.90 \(.*\) \| NOT reached \|$/m)
    assert.match(page, /^\| none \| at least 2 \| {2}\| not measured \|$/m)
    assert.match(page, /^\| plain \| {2}\| 3\.00 \(.*\) \| compared \|$/m)
  })

  test('shows every chart that it has, and no other', () => {
    const shown = [...page.matchAll(/\]\((benchmarks\/\S+\.svg)\)/g)].map(match => match[1])
    const written = [...files.keys()].filter(path => path.endsWith('.svg'))
    assert.deepEqual(shown.sort(), written.sort())
  })

  test('draws bars as long as their values, the shortest time first, light or dark', () => {
    const chart = files.get('benchmarks/get-string.svg') ?? ''
    const widths = [...chart.matchAll(/<rect [^>]*width="([\d.]+)"/g)].map(match =>
      Number(match[1]),
    )
    assert.equal(widths.length, 2)
    assert.ok(Math.abs((widths[1] ?? 0) / (widths[0] ?? 1) - 10) < 0.1, String(widths))
    assert.ok(chart.indexOf('>undercroft<') < chart.indexOf('>lmdb<'))
    assert.match(chart, /prefers-color-scheme: dark/)
    assert.doesNotMatch(files.get('benchmarks/set.svg') ?? '', /lmdb/)
  })

  test('draws who answers most first', () => {
    assert.match(page, /^\| undercroft serve \| 300 \(200\.\.400\) \|$/m)
    const chart = files.get('benchmarks/cached-pages.svg') ?? ''
    assert.ok(chart.indexOf('>undercroft serve<') < chart.indexOf('>uWSGI<'))
  })

  test('is what its figures give, not written by hand', () => {
    const pagePath = join(DOCS, 'benchmarks.md')
    assert.equal(existsSync(RESULTS), existsSync(pagePath), 'both are there, or none')
    if (!existsSync(RESULTS)) return
    for (const [path, text] of renderPage(JSON.parse(readFileSync(RESULTS, 'utf8')))) {
      assert.equal(readFileSync(join(DOCS, path), 'utf8'), text, path)
    }
  })
})

function alike(figures: readonly number[]): Record<Operation, readonly number[]> {
  return Object.fromEntries(OPERATIONS.map(name => [name, figures])) as Record<
    Operation,
    readonly number[]
  >
}
