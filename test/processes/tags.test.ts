import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Child } from '../../testing/child.ts'
import { openHere, ownCache, startProcesses } from './cache-process.ts'
import type { TagTask } from './tag-child.ts'

const CHILD = new URL('./tag-child.js', import.meta.url)
const ROUNDS = 6
const ROUND_MS = 400
const ANSWER_LIMIT_MS = 60_000

describe('the deletion of a tag, across processes', () => {
  test('is true for each of them at the next get, near copies included', async t => {
    const options = ownCache(t, { maxItems: 10 })
    const cache = openHere(t, options)
    const others = await startProcesses(t, 2, options)
    for (let turn = 0; turn < 20; turn++) {
      cache.set('k', turn, { tags: ['red'] })
      for (const other of others) {
        for (let i = 0; i < 4; i++) assert.equal(await other.call('get', 'k'), turn)
      }
      cache.deleteTag('red')
      for (const other of others) assert.equal(await other.call('get', 'k'), undefined)
      assert.equal(cache.get('k'), undefined)
    }
  })

  test('leaves nothing that was loaded before it, whoever is killed and when', async t => {
    const options = ownCache(t, { maxItems: 50 })
    const cache = openHere(t, options)
    let reads = 0
    let hits = 0
    for (let round = 0; round < ROUNDS; round++) {
      const roles = ['loader', 'loader', 'writer'] as const
      const children = await Promise.all(roles.map(() => Child.start<TagTask, number>(t, CHILD)))
      const answers = children.map((child, index) =>
        child
          .ask({ options, role: roles[index] ?? 'loader', forMs: ROUND_MS }, ANSWER_LIMIT_MS)
          .catch(() => 0),
      )
      const killed = children[round % children.length]
      const endMs = performance.now() + ROUND_MS
      const killMs = endMs - ROUND_MS * ((round + 1) / (ROUNDS + 1))
      for (let isAlive = true; performance.now() < endMs; reads++) {
        const floor = Number(cache.get('floor') ?? 0)
        const copy = cache.get('copy')
        if (copy !== undefined) hits++
        assert.ok(copy === undefined || Number(copy) >= floor, `${String(copy)} after ${floor}`)
        if (reads % 64 === 0) await new Promise(setImmediate)
        if (isAlive && performance.now() >= killMs) {
          isAlive = false
          await killed?.kill()
        }
      }
      await Promise.all(answers)
      await Promise.all(children.map(child => child.kill()))
      assert.deepEqual(cache.verify().problems, [])
    }
    t.diagnostic(`${reads} reads, ${hits} hits, ${String(cache.get('source'))} changes`)
    assert.ok(hits > 0 && Number(cache.get('source')) > 10, 'both happened often')
  })
})
