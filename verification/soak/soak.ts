/**
 * The soak: a server under load whose workers are reloaded and killed, and a cache that two
 * processes churn. One of the two is killed again and again. Memory, files and blocks are sampled
 * throughout.
 */

import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Cache, type CacheOptions } from '../../src/index.ts'
import { Child } from '../../testing/child.ts'
import { until } from '../../testing/deadline.ts'
import { type Random, randomFrom } from '../../testing/random.ts'
import { type Runner, startServe, uwsgiPort } from '../../testing/runner-process.ts'
import { programScope, type Scope } from '../../testing/scope.ts'
import { partsOf } from '../../testing/segments.ts'
import type { ChurnReport, ChurnTask } from './churner.ts'
import { type Fragmentation, fragmentationOf } from './fragmentation.ts'
import { type LoadCounts, SoakLoad } from './load.ts'
import { childrenOf, type ResourceUsage, usageOf } from './processes.ts'

/** At most this many samples in the whole run. */
const SAMPLES = 200
const SHORTEST_INTERVAL_MS = 500
const RELOADS_EVERY_MS = 9000
const KILLS_EVERY_MS = 5000
/** The parts of a short soak after which the first reload and the first kill come. */
const RELOAD_PART = 0.6
const KILL_PART = 0.3
const WORKERS = 2
const RESPAWNED = /^Respawned undercroft worker \d \(new pid: \d+\)$/
/** A worker that was only starting after a kill has nothing to finish, and is killed. */
const REPLACED = /^worker \d \(pid: \d+\) (done|killed by SIGKILL)$/
const REPORT_LIMIT_MS = 120_000

export const ROLES = ['master', 'worker', 'churner', 'clients'] as const
export type RoleName = (typeof ROLES)[number]

export interface Sample {
  readonly atMs: number
  /** `worker` is the one with the most memory. */
  readonly usage: Readonly<Partial<Record<RoleName, ResourceUsage>>>
  readonly fragmentation: Fragmentation
  /** Files in the directory of the caches. */
  readonly fileCount: number
}

export interface SoakResult {
  readonly samples: readonly Sample[]
  readonly counts: LoadCounts & { churned: number; reloads: number; kills: number }
  readonly faults: readonly string[]
}

export async function soak(
  durationMs: number,
  seed: number,
  onSample: (sample: Sample, counts: SoakResult['counts']) => void,
): Promise<SoakResult> {
  const scope = programScope()
  try {
    return await new Soak(scope, seed).run(durationMs, onSample)
  } finally {
    await scope.end()
  }
}

class Soak {
  readonly #scope: Scope
  readonly #random: Random
  readonly #faults: string[] = []
  #churned = 0
  #reloads = 0
  #kills = 0
  #victim: Child<ChurnTask, ChurnReport> | undefined

  constructor(scope: Scope, seed: number) {
    this.#scope = scope
    this.#random = randomFrom(seed)
  }

  async run(
    durationMs: number,
    onSample: (sample: Sample, counts: SoakResult['counts']) => void,
  ): Promise<SoakResult> {
    const runner = await startServe(this.#scope, serveArguments())
    const options = churnOptions(runner.directory)
    const churner = await this.#startChurner(options)
    this.#victim = await this.#startChurner(options)
    using cache = Cache.open(options)
    const parts = partsOf(this.#scope, options)
    const load = new SoakLoad(runner.port, uwsgiPort(runner), this.#random.below(2 ** 31))
    const counts = () => {
      const own = { churned: this.#churned, reloads: this.#reloads, kills: this.#kills }
      return { ...load.counts, ...own }
    }
    const samples: Sample[] = []
    const startMs = performance.now()
    const intervalMs = Math.max(SHORTEST_INTERVAL_MS, durationMs / SAMPLES)
    let disturbing = Promise.resolve()
    let isDisturbing = false
    for (let turn = 1; performance.now() < startMs + durationMs; turn++) {
      const nextMs = startMs + turn * intervalMs
      await until('the next sample', () => performance.now() >= nextMs, 2 * intervalMs + 20_000)
      if (!isDisturbing) {
        isDisturbing = true
        disturbing = this.#disturb(runner, load, options, { startMs, durationMs })
          .catch((error: unknown) => void this.#faults.push(String(error)))
          .finally(() => {
            isDisturbing = false
          })
      }
      const usage = usageOfAll(runner.service.pid, churner.pid)
      const fragmentation = fragmentationOf(parts)
      const fileCount = readdirSync(runner.directory).length
      const sample = { atMs: performance.now() - startMs, usage, fragmentation, fileCount }
      samples.push(sample)
      onSample(sample, counts())
      this.#faults.push(...cache.verify().problems)
    }
    await disturbing
    await load.stop()
    return { samples, counts: counts(), faults: [...this.#faults, ...load.faults] }
  }

  /** Reloads the server, kills a worker, or kills a churner, whichever is due. */
  async #disturb(
    runner: Runner,
    load: SoakLoad,
    options: CacheOptions,
    { startMs, durationMs }: { readonly startMs: number; readonly durationMs: number },
  ) {
    const elapsedMs = performance.now() - startMs
    const reloadsEveryMs = Math.min(RELOADS_EVERY_MS, RELOAD_PART * durationMs)
    const killsEveryMs = Math.min(KILLS_EVERY_MS, KILL_PART * durationMs)
    if (elapsedMs > (this.#reloads + 1) * reloadsEveryMs) {
      this.#reloads++
      runner.signal('SIGHUP')
      for (let worker = 0; worker < WORKERS; worker++) {
        await runner.waitForLine(RESPAWNED)
        await runner.waitForLine(REPLACED)
      }
    }
    if (elapsedMs < (this.#kills + 1) * killsEveryMs) return
    this.#kills++
    const workers = childrenOf(runner.service.pid)
    if (this.#random.chance(0.5) && workers.length > 0) {
      load.noteKill()
      process.kill(this.#random.pick(workers), 'SIGKILL')
      await runner.waitForLine(RESPAWNED)
      load.noteKill() // until now, only the other worker served requests
    } else {
      await this.#victim?.kill()
      this.#victim = await this.#startChurner(options)
    }
  }

  async #startChurner(options: CacheOptions): Promise<Child<ChurnTask, ChurnReport>> {
    const script = new URL('./churner.js', import.meta.url)
    const child = await Child.start<ChurnTask, ChurnReport>(this.#scope, script)
    child.send({ options, seed: this.#random.below(2 ** 30) })
    void this.#listen(child)
    return child
  }

  async #listen(child: Child<ChurnTask, ChurnReport>): Promise<void> {
    for (;;) {
      const report = await child.next(REPORT_LIMIT_MS).catch(() => undefined)
      if (report === undefined) return
      this.#churned += report.calls
      this.#faults.push(...report.faults)
    }
  }
}

function serveArguments(): string[] {
  const app = fileURLToPath(new URL('./app.js', import.meta.url))
  const sizes = 'items=1000,blocksize=128,blocks=4000,bitmap=1'
  return [
    ...[
      '--module',
      app,
      '--http',
      '127.0.0.1:0',
      '--socket',
      '127.0.0.1:0',
      '--processes',
      `${WORKERS}`,
    ],
    ...['--cache2', `name=data,${sizes}`, '--cache2', `name=pages,${sizes}`],
    ...['--http-cache', 'pages'],
  ]
}

function churnOptions(directory: string): CacheOptions & { readonly directory: string } {
  const sizes = { maxItems: 2000, bitmap: true, blockSize: 64, blocks: 12_000, maxKeySize: 32 }
  return { name: 'churned', directory, ...sizes }
}

function usageOfAll(master: number, churner: number): Sample['usage'] {
  const workers = childrenOf(master)
    .map(usageOf)
    .filter(usage => usage !== undefined)
    .sort((a, b) => b.memory - a.memory)
  const pids = { master: usageOf(master), worker: workers[0], churner: usageOf(churner) }
  const all = { ...pids, clients: usageOf(process.pid) }
  return Object.fromEntries(Object.entries(all).filter(([, usage]) => usage !== undefined))
}
