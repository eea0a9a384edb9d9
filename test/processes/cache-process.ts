/**
 * Caches that several processes share: in a directory of the test's own, found clean at its end.
 */

import assert from 'node:assert/strict'
import { Cache, type CacheOptions } from '../../src/index.ts'
import { Child, type Exit } from '../../testing/child.ts'
import { onEnd, type Scope } from '../../testing/scope.ts'
import { memoryDir } from '../../testing/temp-dir.ts'
import type { Method, Reply, Request } from './cache-child.ts'

/** Another process with a cache; an error there is an error here, with its code. */
export class CacheProcess {
  readonly #child: Child<Request, Reply>

  private constructor(child: Child<Request, Reply>) {
    this.#child = child
  }

  /** Without options it does not open a cache yet. */
  static async start(scope: Scope, options?: CacheOptions): Promise<CacheProcess> {
    const script = new URL('./cache-child.js', import.meta.url)
    const started = new CacheProcess(await Child.start<Request, Reply>(scope, script))
    if (options !== undefined) await started.open(options)
    return started
  }

  get pid(): number {
    return this.#child.pid
  }

  open(options: CacheOptions): Promise<unknown> {
    return this.ask({ kind: 'open', options })
  }

  call(method: Method, ...args: readonly unknown[]): Promise<unknown> {
    return this.ask({ kind: 'call', method, args })
  }

  async ask(request: Request): Promise<unknown> {
    const reply = await this.#child.ask(request)
    if (reply.code === undefined) return reply.value
    throw Object.assign(new Error(reply.message), { code: reply.code })
  }

  kill(): Promise<Exit> {
    return this.#child.kill()
  }
}

/** Starts that many processes that share a cache, or that do not have one yet. */
export function startProcesses(
  scope: Scope,
  count: number,
  options?: CacheOptions,
): Promise<CacheProcess[]> {
  return Promise.all(Array.from({ length: count }, () => CacheProcess.start(scope, options)))
}

/** Options that name a cache of this test's own. */
export function ownCache<O extends Omit<CacheOptions, 'name' | 'directory'>>(
  scope: Scope,
  options: O,
): O & { readonly name: string; readonly directory: string } {
  return { name: 'shared', directory: memoryDir(scope), ...options }
}

/** Opens the cache in the test's process, and checks every invariant when the test ends. */
export function openHere<V = unknown>(scope: Scope, options: CacheOptions): Cache<V> {
  const cache = Cache.open<V>(options)
  onEnd(scope, () => {
    const { problems } = cache.verify()
    cache.close()
    assert.deepEqual(problems, [])
  })
  return cache
}
