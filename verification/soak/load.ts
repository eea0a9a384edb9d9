/**
 * Clients of the soak's server over HTTP and the cache protocol. They count their requests and
 * record each failure, unless a worker had just been killed.
 */

import { setTimeout as pause } from 'node:timers/promises'
import { RemoteCache } from '../../src/client/index.ts'
import { type Random, randomFrom } from '../../testing/random.ts'

/** Requests on a connection of a killed worker may fail for this long after the kill. */
const AFTER_KILL_MS = 2000
const PAGE_COUNT = 200
const FAULT_LIMIT = 20
const PAUSE_MS = 2

export interface LoadCounts {
  http: number
  remote: number
  /** Requests that failed because a worker was killed. */
  cut: number
}

export class SoakLoad {
  readonly counts: LoadCounts = { http: 0, remote: 0, cut: 0 }
  readonly faults: string[] = []
  #lastKillMs = Number.NEGATIVE_INFINITY
  #isOver = false
  readonly #clients: readonly Promise<void>[]

  constructor(httpPort: number, cachePort: number, seed: number) {
    this.#clients = [
      this.#askPages(httpPort, randomFrom(seed)),
      this.#askCache(cachePort, randomFrom(seed + 1)),
    ]
  }

  noteKill(): void {
    this.#lastKillMs = performance.now()
  }

  async stop(): Promise<void> {
    this.#isOver = true
    await Promise.all(this.#clients)
  }

  async #askPages(port: number, random: Random): Promise<void> {
    while (!this.#isOver) {
      const number = random.below(PAGE_COUNT)
      const kind = random.pick(['page', 'page', 'data', 'count'])
      await this.#try('http', async () => {
        const response = await fetch(`http://127.0.0.1:${port}/${kind}/${number}`)
        const text = await response.text()
        const isRight = kind === 'count' ? Number(text) > 0 : text.startsWith(`${kind} ${number}`)
        if (!response.ok || !isRight) throw new Error(`${kind} ${number}: ${text.slice(0, 80)}`)
      })
      await pause(PAUSE_MS)
    }
  }

  async #askCache(port: number, random: Random): Promise<void> {
    const cache = new RemoteCache(`data@127.0.0.1:${port}`)
    while (!this.#isOver) {
      const key = `remote ${random.below(PAGE_COUNT)}`
      await this.#try('remote', async () => {
        await cache.set(key, { key }, { ttlMs: 5000 })
        const found = (await cache.get(key)) as { readonly key: string } | undefined
        if (found !== undefined && found.key !== key) throw new Error(`${key} is ${found.key}`)
        await cache.increment('remote count')
      })
      await pause(PAUSE_MS)
    }
    await cache.close()
  }

  async #try(what: 'http' | 'remote', act: () => Promise<void>): Promise<void> {
    const startMs = performance.now()
    try {
      await act()
      this.counts[what]++
    } catch (error) {
      if (startMs - this.#lastKillMs < AFTER_KILL_MS || this.#lastKillMs > startMs) {
        this.counts.cut++
      } else if (this.faults.length < FAULT_LIMIT) {
        this.faults.push(`${what}: ${error} ${(error as Error).cause ?? ''}`)
      }
    }
  }
}
