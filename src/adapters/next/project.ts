/**
 * What both handlers of Next.js share: the cache of a project, and whether a build is under way.
 */

import { createHash } from 'node:crypto'
import { UndercroftError } from '../../base/index.ts'
import { AdapterHome, type AdapterStore } from '../shared/adapter-store.ts'
import type { CacheSource } from '../shared/cache-source.ts'
import { Leases } from './leases.ts'
import { TagTable } from './tag-times.ts'

/** What the options of a handler add to those of its cache. */
export interface NextHandlerOptions {
  /** What the keys begin with. Projects over one cache need two. @default 'next' */
  readonly prefix?: string | undefined
}

/** The options of a handler: an open cache, or all options of `Cache.open`. */
export type NextOptions = CacheSource & NextHandlerOptions

/** The open parts of a project. */
export interface Project {
  readonly home: AdapterHome
  readonly tags: TagTable
  readonly leases: Leases
  /** Pages, fetches and images. */
  readonly pages: AdapterStore
  /** Entries of `'use cache'`. */
  readonly entries: AdapterStore
}

/** The name of the cache of the handlers that need no options. */
const NAME_VARIABLE = 'UNDERCROFT_NEXT_NAME'
const DEFAULT_MAX_ITEMS = 10_000
const OPTION_INVALID = 'UNDERCROFT_OPTION_INVALID'

/**
 * Opens the cache of a project at its first use. The function returns undefined in the workers of a
 * build, which leave shared memory alone, and where the cache cannot be opened, with one warning:
 * then the handlers miss.
 */
export function lazyProject(options: NextOptions): () => Project | undefined {
  let project: Project | undefined
  let failed = false
  return () => {
    if (project !== undefined || failed || isBuilding()) return project
    try {
      project = openProject(options)
    } catch (error) {
      if (!(error instanceof UndercroftError) || error.code === OPTION_INVALID) throw error
      failed = true
      const { code, message } = error
      process.emitWarning(`undercroft/next: ${message}`, { type: 'UndercroftWarning', code })
    }
    return project
  }
}

function openProject(options: NextOptions): Project {
  const home = new AdapterHome('undercroft/next', options, { prefix: true }, 'shared')
  const prefix = options.prefix ?? 'next'
  return {
    home,
    tags: new TagTable(home, prefix),
    leases: new Leases(home, prefix),
    pages: home.store(`${prefix}-pages`),
    entries: home.store(`${prefix}-entries`),
  }
}

function isBuilding(): boolean {
  return process.env.NEXT_PHASE === 'phase-production-build'
}

/** The options of the handlers that a configuration names: one cache for each folder. */
export function defaultOptions(): NextOptions {
  const folder = createHash('sha256').update(process.cwd()).digest('hex').slice(0, 12)
  const name = process.env[NAME_VARIABLE] ?? `next-${folder}`
  return { name, maxItems: DEFAULT_MAX_ITEMS }
}
