import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import type { CacheOptions } from '../../src/index.ts'
import { Child } from '../../testing/child.ts'
import { until } from '../../testing/deadline.ts'
import { type Random, seededRandom } from '../../testing/random.ts'
import { openHere, ownCache } from './cache-process.ts'
import type { StormMessage, StormTask } from './storm-child.ts'

const KILLS_A_MODE = 6
const COUNTER = 'counter'
const ROLES = ['writer', 'writer', 'writer', 'reader', 'reader'] as const

const MODES: readonly (readonly [string, Partial<CacheOptions>])[] = [
  ['one block an item, lru', { maxItems: 120, bitmap: false, eviction: 'lru' }],
  ['one block an item, nothing evicted', { maxItems: 120, bitmap: false, eviction: 'none' }],
  [
    'bitmap mode, lru',
    { maxItems: 200, bitmap: true, blockSize: 64, blocks: 1000, eviction: 'lru' },
  ],
  ['bitmap mode, adaptive', { maxItems: 200, bitmap: true, blockSize: 64, blocks: 1000 }],
  [
    'bitmap mode, nothing evicted',
    { maxItems: 200, bitmap: true, blockSize: 64, blocks: 1000, eviction: 'none' },
  ],
]

/** Processes at work, each replaced by another when it is killed, and what all of them said. */
class Storm {
  acknowledged = 0
  readonly faults: string[] = []
  readonly #scope: TestContext
  readonly #task: Omit<StormTask, 'role' | 'seed'>
  readonly #random: Random
  readonly #children: Child<StormTask, StormMessage>[] = []

  constructor(scope: TestContext, options: CacheOptions, random: Random) {
    this.#scope = scope
    this.#task = { options, counter: COUNTER }
    this.#random = random
  }

  async start(): Promise<void> {
    await Promise.all(ROLES.map((_, index) => this.#spawn(index)))
  }

  /** Kills one at random, and gives the moment between its death and the next one's start. */
  async killOne(meanwhile: () => void): Promise<void> {
    const index = this.#random.below(ROLES.length)
    await this.#children[index]?.kill()
    meanwhile()
    await this.#spawn(index)
  }

  async end(): Promise<void> {
    await Promise.all(this.#children.map(child => child.kill()))
  }

  async #spawn(index: number): Promise<void> {
    const script = new URL('./storm-child.js', import.meta.url)
    const child = await Child.start<StormTask, StormMessage>(this.#scope, script)
    this.#children[index] = child
    child.send({ ...this.#task, role: ROLES[index] ?? 'reader', seed: this.#random.below(2 ** 31) })
    void this.#listen(child)
  }

  /** Waits until the process is gone. `next` then rejects after the last message was read. */
  async #listen(child: Child<StormTask, StormMessage>): Promise<void> {
    const killed = child.exit.then(() => undefined)
    for (;;) {
      const message = await child.next().catch(() => undefined)
      if (message?.kind === 'counted') this.acknowledged++
      else if (message?.kind === 'fault') this.faults.push(message.text)
      else return killed
    }
  }
}

describe('three writers and two readers, killed at random', () => {
  for (const [name, options] of MODES) {
    // Under `adaptive` no use saves a counter from being evicted for sure.
    const isCounterSafe = options.eviction !== undefined
    const counts = isCounterSafe ? 'every increment counts' : 'work goes on'
    test(`${name}: nothing is torn, foreign or broken, and ${counts}`, async t => {
      const all = ownCache(t, { maxItems: 1, ...options })
      const cache = openHere(t, all)
      const count = () => cache.increment(COUNTER, 0) ?? 0
      assert.equal(count(), 0)
      const storm = new Storm(t, all, seededRandom(t))
      await storm.start()
      for (let kill = 0; kill < KILLS_A_MODE; kill++) {
        const before = storm.acknowledged
        await until('work goes on', () => storm.acknowledged > before + 20)
        await storm.killOne(() => assert.deepEqual(cache.verify().problems, []))
        assert.deepEqual(storm.faults, [])
        const acknowledged = storm.acknowledged
        const isCounted = count() >= acknowledged
        assert.ok(isCounted || !isCounterSafe, 'an acknowledged increment is lost')
      }
      await storm.end()
      const kills = KILLS_A_MODE + ROLES.length
      await until('all it said was heard', () => count() <= storm.acknowledged + kills)
      assert.ok(count() >= storm.acknowledged || !isCounterSafe)
      assert.deepEqual(storm.faults, [])
      t.diagnostic(`${count()} increments, ${cache.stats().takeovers} locks taken over`)
    })
  }
})
