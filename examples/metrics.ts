/**
 * Reads the metrics of a cache: by `stats`, as Prometheus' text, and each load as it happens.
 */

import { tracingChannel } from 'node:diagnostics_channel'
import { setTimeout as sleep } from 'node:timers/promises'
import { Registry } from 'prom-client'
import { Cache } from 'undercroft'
import { registerMetrics } from 'undercroft/prometheus'

using cache = Cache.open<string>({ name: 'metrics-example', maxItems: 1000 })
const registry = new Registry()
registerMetrics(registry, [cache])

tracingChannel('undercroft:load').subscribe({
  start() {},
  end() {},
  asyncStart() {},
  asyncEnd: message => console.log('loaded', (message as { key: string }).key),
  error() {},
})

for (let i = 0; i < 100; i++) {
  await cache.getOrSet('page:/', async () => {
    await sleep(20)
    return '<h1>Hello</h1>'
  })
}

const { hits, misses, loads } = cache.stats()
console.log({ hits, misses, loads: loads.count })

const text = await registry.metrics()
console.log(text.split('\n').find(line => line.startsWith('undercroft_hits_total')))
console.log(`a load took at least 15 ms: ${loads.p50Ms >= 15}`)
cache.destroy()
