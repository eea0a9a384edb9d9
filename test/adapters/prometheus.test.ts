import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Registry } from 'prom-client'
import { registerMetrics } from '../../src/adapters/prometheus.ts'
import { Cache } from '../../src/index.ts'
import { formatMetrics } from '../../src/metrics/index.ts'
import { onEnd, type Scope } from '../../testing/scope.ts'
import { parseMetrics } from '../monitoring/stats-reading.ts'

function open(scope: Scope, name: string): Cache {
  const cache = Cache.open({ name, maxItems: 10, memory: 'private' })
  onEnd(scope, () => cache.destroy())
  return cache
}

/** prom-client has an empty line between two metrics, which the format allows. */
async function samplesOf(registry: Registry) {
  return parseMetrics((await registry.metrics()).replaceAll('\n\n', '\n'))
}

describe('a registry of prom-client', () => {
  test('has the same samples as the stats server, and those of now', async t => {
    const caches = [open(t, 'a'), open(t, 'b')]
    const registry = new Registry()
    registerMetrics(registry, caches)
    for (let round = 0; round < 2; round++) {
      for (const cache of caches) {
        cache.set('k', 1)
        cache.get('k')
        await cache.getOrSet(`load ${round}`, () => 'value')
      }
      const samples = await samplesOf(registry)
      const stats = caches.map(cache => cache.stats())
      assert.deepEqual(samples, parseMetrics(formatMetrics(stats)))
      const hits = samples.filter(({ metric }) => metric === 'undercroft_hits_total')
      assert.deepEqual(
        hits.map(({ value }) => value),
        stats.map(it => it.hits),
      )
    }
  })

  test('has its own metrics besides, as JSON too, and no more after the end', async t => {
    const registry = new Registry()
    const stop = registerMetrics(registry, [open(t, 'a')])
    const json = await registry.getMetricsAsJSON()
    assert.ok(json.some(({ name }) => name === 'undercroft_load_duration_seconds'))
    assert.throws(() => registerMetrics(registry, []), /already been registered/)
    stop()
    assert.deepEqual(await registry.getMetricsAsJSON(), [])
  })

  test('leaves out a cache that was closed', async t => {
    const closed = open(t, 'closed')
    const registry = new Registry()
    registerMetrics(registry, [closed, open(t, 'open')])
    closed.close()
    const samples = await samplesOf(registry)
    assert.deepEqual(new Set(samples.map(({ cache }) => cache)), new Set(['open']))
  })
})
