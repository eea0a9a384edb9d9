/** The handlers of Next.js over one cache that only the test's time ends. */

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { createCacheComponentsHandler } from '../../../src/adapters/next/cache-components.ts'
import { createCacheHandler } from '../../../src/adapters/next/cache-handler.ts'
import { Cache, type CacheOptions } from '../../../src/index.ts'
import { Child } from '../../../testing/child.ts'
import { ManualClock } from '../../../testing/manual-clock.ts'
import { onEnd } from '../../../testing/scope.ts'
import { memoryDir, tempDir } from '../../../testing/temp-dir.ts'
import type { Task } from './next-child.ts'

/** Makes the folder of a build, as `next build` leaves it. */
export function buildFolder(t: TestContext, buildId: string): string {
  const folder = tempDir(t)
  mkdirSync(join(folder, 'server'))
  writeFileSync(join(folder, 'BUILD_ID'), buildId)
  return join(folder, 'server')
}

export function openNext(t: TestContext, options: Partial<CacheOptions> = {}) {
  const clock = new ManualClock()
  t.mock.method(Date, 'now', clock.nowMs)
  const own = { name: 'next', maxItems: 1000, directory: memoryDir(t), clock, ...options }
  const cache = Cache.open(own)
  onEnd(t, () => cache.close())
  const Handler = createCacheHandler(own)
  const serverDistDir = buildFolder(t, 'build-1')
  const entries = createCacheComponentsHandler(own)
  return { clock, cache, Handler, serverDistDir, entries, handler: new Handler({ serverDistDir }) }
}

/** Two processes over one cache, with the time of the system. */
export async function startServers(t: TestContext) {
  const options = { name: 'next', maxItems: 1000, directory: memoryDir(t) }
  const serverDistDir = buildFolder(t, 'build-1')
  const start = async () => {
    const script = new URL('./next-child.js', import.meta.url)
    const child = await Child.start<Task, string | null>(t, script)
    await child.ask({ kind: 'open', options, serverDistDir })
    return child
  }
  const [first, second] = await Promise.all([start(), start()])
  const handler = new (createCacheHandler(options))({ serverDistDir })
  return { first, second, handler, entries: createCacheComponentsHandler(options) }
}

/** The value of a page with tags, as Next.js passes it. */
export function page(html: string, tags: readonly string[] = []) {
  return {
    kind: 'APP_PAGE',
    html,
    rscData: Buffer.from('rsc'),
    segmentData: new Map([['/_tree', Buffer.from('segment')]]),
    headers: { 'x-next-cache-tags': tags.join(',') },
    status: 200,
  }
}
