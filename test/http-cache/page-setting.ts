/**
 * An `HttpCache` over private memory, with a clock that the test moves.
 */

import { HttpCache, type HttpCacheOptions, type Listener } from '../../src/http-cache/index.ts'
import { Cache } from '../../src/index.ts'
import { within } from '../../testing/deadline.ts'
import { ManualClock } from '../../testing/manual-clock.ts'
import { onEnd, type Scope } from '../../testing/scope.ts'
import { processDir } from '../../testing/temp-dir.ts'
import { sendTo, serve } from './contract/subject.ts'

export const FRESH = { 'cache-control': 'max-age=60' }

const directory = processDir()
let serial = 0

export interface PageSetting {
  readonly clock: ManualClock
  readonly cache: Cache<unknown>
  readonly pages: HttpCache
  /** The errors that `onError` received. */
  readonly errors: readonly unknown[]
}

export function pageSetting(scope: Scope, options: Partial<HttpCacheOptions> = {}): PageSetting {
  const clock = new ManualClock()
  const cache = Cache.open({
    name: `pages-${++serial}`,
    directory,
    memory: 'private',
    maxItems: 100,
    blocks: 50_000,
    clock,
  })
  onEnd(scope, () => cache.destroy())
  const errors: unknown[] = []
  const onError = (error: unknown) => errors.push(error)
  return { clock, cache, errors, pages: new HttpCache({ cache, clock, onError, ...options }) }
}

/** Serves the application behind the cache, and returns its address and a way to get a page. */
export async function startListener(scope: Scope, { pages }: PageSetting, app: Listener) {
  const address = await serve(scope, pages.listener(app))
  const send = sendTo(address)
  const get = (path = '/', headers = {}) => within(`GET ${path}`, send('GET', path, headers))
  return { address, get }
}
