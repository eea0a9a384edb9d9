import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { METRICS, prometheusName } from '../../src/metrics/index.ts'
import { formatMetricsPage } from '../../tools/metrics-page.ts'
import { readText } from '../tidy/sources.ts'

describe('the metrics', () => {
  test('are in docs/reference/metrics.md, as npm run docs:metrics writes it', () => {
    // A formatter aligns the columns.
    const withoutPadding = (text: string) => text.replace(/ +/g, ' ').replace(/-+/g, '-')
    assert.equal(
      withoutPadding(readText('docs/reference/metrics.md')),
      withoutPadding(formatMetricsPage()),
    )
  })

  test('have names of their own, and a sentence each', () => {
    assert.equal(new Set(METRICS.map(({ name }) => name)).size, METRICS.length)
    for (const { name, help } of METRICS) {
      assert.match(name, /^[a-z]+(_[a-z]+)*$/)
      assert.match(help, /^[A-Z][^\n]*\.$/)
    }
  })
})

describe('the dashboard of Grafana', () => {
  interface Panel {
    readonly title: string
    readonly targets: readonly { readonly expr: string }[]
  }
  const { panels } = JSON.parse(readText('docs/grafana/undercroft.json')) as { panels: Panel[] }

  test('asks for no metric that does not exist', () => {
    const known = new Set(
      METRICS.flatMap(metric => {
        const name = prometheusName(metric)
        return metric.kind === 'histogram' ? [`${name}_bucket`, `${name}_count`] : [name]
      }),
    )
    const asked = panels.flatMap(({ targets }) =>
      targets.flatMap(({ expr }) => expr.match(/undercroft_\w+/g) ?? []),
    )
    assert.ok(asked.length > 0)
    assert.deepEqual(
      asked.filter(name => !known.has(name)),
      [],
    )
  })

  test('shows each metric that counts something', () => {
    const text = JSON.stringify(panels)
    const counted = METRICS.filter(({ kind }) => kind !== 'gauge').map(prometheusName)
    const rare = new Set(['undercroft_tags_evicted_total'])
    assert.deepEqual(
      counted.filter(name => !rare.has(name) && !text.includes(name)),
      [],
    )
  })
})
