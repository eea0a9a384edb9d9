import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, type TestContext, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { Cache } from '../../src/index.ts'
import { Child } from '../../testing/child.ts'
import { until, within } from '../../testing/deadline.ts'
import type { FailingTask } from '../../testing/failing-child.ts'
import { onEnd } from '../../testing/scope.ts'
import { CacheProcess, openHere, ownCache, startProcesses } from './cache-process.ts'
import type { ThreadTask } from './cache-thread.ts'
import { HEARD, type ListeningTask } from './listening-child.ts'

const SIZES = { maxItems: 100, events: 16_384 } as const

/** Counts the gaps that a listener of the cache gets. */
function countGaps(cache: Cache): { readonly count: number } {
  const gaps = { count: 0 }
  cache.on('gap', () => gaps.count++)
  return gaps
}

describe('events', () => {
  test('of several processes come in the order of the changes, and none is missing', async t => {
    const options = ownCache(t, SIZES)
    const cache = openHere(t, options)
    const gaps = countGaps(cache)
    const versions = new Map<string, number[]>()
    cache.on('set', ({ key, version }) => {
      versions.set(key, [...(versions.get(key) ?? []), version])
    })
    const writers = await startProcesses(t, 3, options)
    const increment = (writer: CacheProcess, key: string) =>
      writer.ask({ kind: 'increment', key, by: 1, times: 500 })
    await Promise.all(
      writers.map(async (writer, index) => {
        await increment(writer, 'shared')
        await increment(writer, `own-${index}`)
      }),
    )
    await until('the last event came', () => [...versions.values()].flat().length === 3000)
    assert.equal(gaps.count, 0)
    assert.equal(versions.get('shared')?.length, 1500)
    for (const [key, list] of versions) {
      const [first = 0] = list
      assert.deepEqual(
        list,
        list.map((_, index) => first + index),
        `the versions of ${key}`,
      )
    }
    assert.equal(versions.get('shared')?.at(-1), cache.getEntry('shared')?.version)
  })

  test('reach a thread that watches a key', async t => {
    const options = ownCache(t, SIZES)
    const cache = openHere(t, options)
    const task: ThreadTask = { kind: 'watch', options, key: 'flag' }
    const worker = new Worker(new URL('./cache-thread.js', import.meta.url), { workerData: task })
    onEnd(t, () => worker.terminate())
    const messages: unknown[] = []
    worker.on('message', message => messages.push(message))
    await until('it watches', () => messages.length === 1)
    const [writer] = await startProcesses(t, 1, options)
    await writer?.call('set', 'flag', 'on')
    await until('it saw the set', () => messages.length === 2)
    cache.delete('flag')
    await until('it saw the delete', () => messages.length === 3)
    assert.deepEqual(messages, ['open', 'on', undefined])
  })

  test('reach a listener after the name of the cache was removed', async t => {
    const options = ownCache(t, SIZES)
    const cache = openHere(t, options)
    const writer = await CacheProcess.start(t, options)
    const heard: string[] = []
    cache.on('set', ({ key }) => heard.push(key))
    await writer.call('set', 'before', 1)
    await until('the first came', () => heard.length === 1)
    Cache.open(options).destroy()
    await writer.call('set', 'after', 1)
    await until('the second came', () => heard.length === 2)
    assert.deepEqual(heard, ['before', 'after'])
  })
})

describe('a process killed while it changes an item', () => {
  for (const point of [
    { in: 'set', value: 'x'.repeat(1000) },
    { in: 'increment', afterStores: 1 },
    { in: 'increment', afterStores: 3 },
  ] as const) {
    const where = 'value' in point ? 'the value' : `ordered store ${point.afterStores}`
    test(`in ${where}: listeners get a gap, although nobody writes any more`, async t => {
      const options = ownCache(t, SIZES)
      const cache = openHere(t, options)
      cache.set('victim', 1)
      const gaps = countGaps(cache)
      const script = new URL('../../testing/failing-child.js', import.meta.url)
      const child = await Child.start<FailingTask, string>(t, script)
      const { name, directory } = options
      child.send({ name, directory, key: 'victim', signal: 'SIGKILL', point })
      await within('the writer to die', child.exit)
      await until('the gap came', () => gaps.count === 1)
      assert.equal(cache.stats().takeovers, 1)
      const heard: string[] = []
      cache.on('set', ({ key }) => heard.push(key))
      cache.set('next', 1)
      await until('events continue', () => heard.length === 1)
      assert.equal(gaps.count, 1)
    })
  }
})

describe('a process that listens', () => {
  async function listen(t: TestContext, keepAlive: boolean) {
    const options = ownCache(t, SIZES)
    const cache = openHere(t, options)
    const script = new URL('./listening-child.js', import.meta.url)
    const child = await Child.start<ListeningTask, string>(t, script)
    assert.equal(await child.ask({ options, keepAlive }), 'listening')
    return { cache, child }
  }

  test('ends when it has nothing else to do', async t => {
    const { child } = await listen(t, false)
    assert.deepEqual(await within('its end', child.exit), { code: 0, signal: null })
  })

  test('stays alive with keepAlive, and hears a change', async t => {
    const { cache, child } = await listen(t, true)
    const ended = child.exit
    let sets = 0
    await until('it ended', async () => {
      cache.set('k', sets++)
      return Promise.race([ended, false])
    })
    assert.deepEqual(await ended, { code: HEARD, signal: null })
  })
})

test('a store that is opened again has events of new changes only', async t => {
  const own = ownCache(t, SIZES)
  const options = { ...own, store: join(own.directory, `${own.name}.undercroft`) }
  const writer = await CacheProcess.start(t, options)
  await writer.call('set', 'k', 1)
  await writer.call('close')
  const cache = openHere(t, options)
  const heard: string[] = []
  cache.on('set', ({ key }) => heard.push(key))
  cache.set('later', 1)
  await until('it came', () => heard.length > 0)
  assert.deepEqual(heard, ['later'])
})
