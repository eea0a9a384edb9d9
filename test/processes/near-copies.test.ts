import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Child } from '../../testing/child.ts'
import { until } from '../../testing/deadline.ts'
import type { BusyMessage, BusyTask } from './busy-child.ts'
import { CacheProcess, openHere, ownCache } from './cache-process.ts'

describe('a near copy of this process', () => {
  test('is over as soon as another process’s set has returned, every time', async t => {
    const options = ownCache(t, { maxItems: 16 })
    const cache = openHere(t, options)
    const other = await CacheProcess.start(t, options)
    for (let i = 0; i < 500; i++) {
      await other.call('set', 'k', `value ${i}`)
      for (let turn = 0; turn < 4; turn++) assert.equal(cache.get('k'), `value ${i}`)
    }
    await other.call('delete', 'k')
    assert.equal(cache.get('k'), undefined)
  })

  test('is seen to change in a loop that never yields, while another process writes', async t => {
    const options = ownCache(t, { maxItems: 16 })
    const cache = openHere(t, options)
    const writer: Child<BusyTask | 'stop', BusyMessage> = await Child.start(
      t,
      new URL('./busy-child.js', import.meta.url),
    )
    assert.equal(await writer.ask({ options, work: 'overwrite', keys: ['k'] }), 'started')
    await until('there is a value', () => cache.get('k') !== undefined)
    // Hot code, so that a compiler that takes the load out of the loop would never see a change.
    for (let change = 0; change < 200; change++) {
      const first = JSON.stringify(cache.get('k'))
      let reads = 0
      while (JSON.stringify(cache.get('k')) === first) {
        assert.ok(++reads < 1e8, `no change seen in ${reads} reads`)
      }
    }
    await writer.ask('stop')
  })
})
