/**
 * What every server in front of a cache uses: the parts, put together once.
 */

import { SingleFlight } from '../single-flight/index.ts'
import { CopyBudget } from './body-copy.ts'
import type { CacheRequest } from './cache-request.ts'
import { type CacheStatus, formatCacheStatus } from './cache-status.ts'
import type { Leading, ReadyPage, Site } from './leading.ts'
import type { ResolvedHttpOptions } from './options.ts'
import { PageStore } from './page-store.ts'
import { Planner } from './planner.ts'
import type { Answer } from './prepared-page.ts'

/** Bytes of bodies on their way into the cache at one time; more are not stored. */
const MAX_COPIED_SIZE = 64 * 1024 * 1024

/** Pages refreshed after their clients were answered, at one time; then clients wait again. */
const MAX_BEHIND = 100

export class Front {
  readonly site: Site
  readonly flight: SingleFlight
  readonly planner: Planner
  readonly budget: CopyBudget
  #behindCount = 0

  constructor(options: ResolvedHttpOptions) {
    const { cache, clock, maxVariants, maxBodySize, onError } = options
    this.site = { options, store: new PageStore(cache, clock, maxVariants) }
    this.flight = new SingleFlight({ cache, clock, onError })
    this.planner = new Planner(this.site, this.flight)
    this.budget = new CopyBudget(Math.max(MAX_COPIED_SIZE, maxBodySize))
  }

  /** Whether the application may be asked for nobody in particular. */
  get mayAskBehind(): boolean {
    return this.#behindCount < MAX_BEHIND
  }

  countBehind(leading: Leading): void {
    this.#behindCount++
    void leading.over.then(() => this.#behindCount--)
  }

  answer(request: CacheRequest, { page, body }: ReadyPage, status: CacheStatus): Answer {
    const { clock, cacheStatus } = this.site.options
    return page.answer(request, body, cacheStatus, status, clock.nowMs())
  }

  /** After what caches before this one said; undefined: the field is turned off. */
  statusText(status: CacheStatus, before: string | undefined): string | undefined {
    const { cacheStatus: name } = this.site.options
    return name === undefined ? undefined : formatCacheStatus(name, status, before)
  }
}
