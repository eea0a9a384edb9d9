import assert from 'node:assert/strict'
import { test } from 'node:test'
import { types } from 'node:util'
import { onEnd } from '../../testing/scope.ts'
import { partsOf } from '../../testing/segments.ts'
import { openWatched, watchStores } from '../../verification/storm/watched-stores.ts'
import { openHere, ownCache } from '../processes/cache-process.ts'

test('each store of a write is told by its name, in order', t => {
  const options = ownCache(t, { maxItems: 4, maxKeySize: 32, bitmap: false, eviction: 'none' })
  const { cache } = openWatched(options)
  onEnd(t, () => cache.close())
  const steps: string[] = []
  watchStores(
    step => steps.push(step),
    () => cache.set('key', 'some text'),
  )
  assert.deepEqual(steps, [
    'lock.owner',
    'state.usedSlotCount',
    'value, half',
    'value',
    'slot.hash',
    'slot.key',
    'slot.firstBlock',
    'slot.valueSize',
    'slot.expiresAtMs',
    'bucket.version',
    'slot.changes',
    'slot.info',
    'slot.nextSlot',
    'bucket.firstSlot',
    'state.itemCount',
    'bucket.version',
    'lock.owner',
  ])
  assert.equal(cache.get('key'), 'some text')
})

test('a store of many bytes is told when half of them are there', t => {
  const options = ownCache(t, { maxItems: 4, bitmap: false, blockSize: 64, eviction: 'none' })
  const { cache, memory } = openWatched(options)
  onEnd(t, () => cache.close())
  const half: boolean[] = []
  watchStores(
    step => {
      if (step !== 'value, half') return
      half.push(Buffer.from(memory).includes('x'.repeat(32)))
      half.push(Buffer.from(memory).includes('x'.repeat(33)))
    },
    () => cache.set('key', 'x'.repeat(64)),
  )
  assert.deepEqual(half, [true, false])
})

test('a cache opened before or afterwards is made of nothing but what it is made of always', t => {
  const options = ownCache(t, { maxItems: 4 })
  openHere(t, options)
  const { cache } = openWatched(options)
  onEnd(t, () => cache.close())
  const { words, doubles, bytes } = partsOf(t, options).segment
  for (const view of [words, doubles, bytes, new Int32Array(1), Buffer.from('a')]) {
    assert.ok(!types.isProxy(view))
  }
  assert.ok(!types.isProxy(Int32Array))
})
