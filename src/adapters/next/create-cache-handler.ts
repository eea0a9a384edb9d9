/**
 * The class for `cacheHandler` of Next.js: pages, route handlers, fetches and images.
 *
 * Pages belong to their build, so their keys have its id. Fetched data lives on over builds.
 */

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { lazyProject, type NextOptions, type Project } from './project.ts'
import type { Durations } from './tag-times.ts'

/** What Next.js passes to the handler of a request, as far as it is used here. */
export interface CacheHandlerContext {
  readonly fs?: unknown
  readonly serverDistDir?: string
  readonly revalidatedTags?: readonly string[]
}

/** How long an entry lives, in seconds. */
export interface CacheControl {
  readonly revalidate: number | false
  readonly expire?: number | undefined
}

/** What a get or a set is for, as far as it is used here. */
export interface CacheCallContext {
  readonly kind?: string
  readonly fetchCache?: boolean
  readonly tags?: readonly string[]
  readonly softTags?: readonly string[]
  readonly isFallback?: boolean
  readonly cacheControl?: CacheControl | undefined
}

/** An entry, as the handler returns it. */
export interface CacheHandlerEntry {
  readonly lastModified: number
  readonly value: unknown
  readonly cacheControl?: CacheControl | undefined
}

/** One handler of one request. */
export interface CacheHandler {
  get(key: string, context: CacheCallContext): Promise<CacheHandlerEntry | null>
  set(key: string, value: unknown, context: CacheCallContext): Promise<void>
  revalidateTag(tags: string | readonly string[], durations?: Durations): Promise<void>
  resetRequestCache(): void
}

/** The class that Next.js makes a handler of for each request. */
export type CacheHandlerClass = new (context: CacheHandlerContext) => CacheHandler

const TAGS_HEADER = 'x-next-cache-tags'
const FILES_MODULE = 'next/dist/server/lib/incremental-cache/file-system-cache'

interface CachedValue {
  readonly kind?: string
  readonly headers?: Readonly<Record<string, unknown>>
  readonly tags?: readonly string[]
  readonly revalidate?: number | false
}

/**
 * Makes the class for `cacheHandler`, over a shared cache.
 *
 * @throws UndercroftError - UNDERCROFT_OPTION_INVALID, and those of `Cache.open`, at the first use
 * @example
 * // cache-handler.mjs, which next.config names
 * export default createCacheHandler({ name: 'site', maxItems: 20_000 })
 */
export function createCacheHandler(options: NextOptions): CacheHandlerClass {
  const project = lazyProject(options)
  const buildIds = new Map<string, string>()
  return class extends SharedCacheHandler {
    constructor(context: CacheHandlerContext) {
      super(project, buildIds, context)
    }
  }
}

class SharedCacheHandler implements CacheHandler {
  readonly #open: () => Project | undefined
  readonly #buildIds: Map<string, string>
  readonly #context: CacheHandlerContext

  constructor(
    open: () => Project | undefined,
    buildIds: Map<string, string>,
    context: CacheHandlerContext,
  ) {
    this.#open = open
    this.#buildIds = buildIds
    this.#context = context
  }

  async get(key: string, context: CacheCallContext): Promise<CacheHandlerEntry | null> {
    const project = this.#open()
    if (project === undefined) return null
    const storedKey = this.#storedKey(key, context)
    const read = () => this.#read(project, storedKey, context)
    const found =
      read() ??
      (await this.#readBuild(project, key, context)) ??
      (await project.leases.takeOrWait(storedKey, read))
    return found === undefined ? null : judged(project, found, context)
  }

  async set(key: string, value: unknown, context: CacheCallContext): Promise<void> {
    const project = this.#open()
    if (project === undefined) return
    const storedKey = this.#storedKey(key, context)
    const lastModified = project.leases.beganAtMs(storedKey)
    const { cacheControl } = context
    store(project, storedKey, { lastModified, value, cacheControl })
    project.leases.release(storedKey)
  }

  async revalidateTag(tags: string | readonly string[], durations?: Durations): Promise<void> {
    this.#open()?.tags.invalidate(typeof tags === 'string' ? [tags] : tags, durations)
  }

  resetRequestCache(): void {}

  #read(
    project: Project,
    storedKey: string,
    context: CacheCallContext,
  ): CacheHandlerEntry | undefined {
    const found = project.pages.get(storedKey) as CacheHandlerEntry | undefined
    return found && this.#isExpired(project, found, context) ? undefined : found
  }

  /** The files of the build are the first entries of its pages. */
  async #readBuild(
    project: Project,
    key: string,
    context: CacheCallContext,
  ): Promise<CacheHandlerEntry | undefined> {
    if (isFetch(context) || this.#context.fs === undefined) return undefined
    try {
      const found = await filesOfBuild(this.#context).get(key, context)
      if (!found || this.#isExpired(project, found, context)) return undefined
      store(project, this.#storedKey(key, context), found)
      return found
    } catch {
      return undefined // A version of Next.js without this reader renders the page.
    }
  }

  #isExpired(project: Project, entry: CacheHandlerEntry, context: CacheCallContext): boolean {
    const tags = tagsOf(entry, context)
    const { revalidatedTags = [] } = this.#context
    if (isFetch(context) && tags.some(tag => revalidatedTags.includes(tag))) return true
    return project.tags.isExpired(tags, entry.lastModified)
  }

  #storedKey(key: string, context: CacheCallContext): string {
    if (isFetch(context)) return `fetch ${key}`
    return context.kind === 'IMAGE' ? `image ${key}` : `page ${this.#buildId()} ${key}`
  }

  #buildId(): string {
    const { serverDistDir = '' } = this.#context
    let id = this.#buildIds.get(serverDistDir)
    if (id === undefined) {
      id = readBuildId(serverDistDir)
      this.#buildIds.set(serverDistDir, id)
    }
    return id
  }
}

function store({ home, pages }: Project, storedKey: string, entry: CacheHandlerEntry): void {
  const expire = entry.cacheControl?.expire
  const endsAtMs = expire === undefined ? Infinity : entry.lastModified + expire * 1000
  pages.set(storedKey, entry, { ttlMs: Math.max(0, endsAtMs - home.nowMs()) })
}

/**
 * There is no way to say that an entry is stale, but one that is older than its `revalidate` is
 * served and made again. So a stale one looks older than it is, and not as old as `expire`, beyond
 * which Next.js would wait for a new one.
 */
function judged(
  { tags, home }: Project,
  entry: CacheHandlerEntry,
  context: CacheCallContext,
): CacheHandlerEntry {
  if (!tags.isStale(tagsOf(entry, context), entry.lastModified)) return entry
  const value = entry.value as CachedValue | null
  const revalidate = entry.cacheControl?.revalidate || value?.revalidate || 1
  const cacheControl = { ...entry.cacheControl, revalidate }
  const lastModified = Math.min(entry.lastModified, home.nowMs() - revalidate * 1000 - 1)
  return { ...entry, lastModified, ...(isFetch(context) ? {} : { cacheControl }) }
}

function isFetch({ kind, fetchCache }: CacheCallContext): boolean {
  return kind === 'FETCH' || fetchCache === true
}

/** Pages have their tags in a header, and fetches bring them along. */
function tagsOf(entry: CacheHandlerEntry, context: CacheCallContext): readonly string[] {
  const value = entry.value as CachedValue | null
  if (isFetch(context)) {
    return [...(value?.tags ?? []), ...(context.tags ?? []), ...(context.softTags ?? [])]
  }
  const header = value?.headers?.[TAGS_HEADER]
  return typeof header === 'string' && header !== '' ? header.split(',') : []
}

function readBuildId(serverDistDir: string): string {
  try {
    return readFileSync(join(serverDistDir, '..', 'BUILD_ID'), 'utf8').trim()
  } catch {
    return 'development' // `next dev` has none.
  }
}

/** The reader of Next.js itself, which neither writes here nor keeps anything in memory. */
function filesOfBuild(context: CacheHandlerContext): Pick<CacheHandler, 'get'> {
  const require = createRequire(join(process.cwd(), 'package.json'))
  const { default: FileSystemCache } = require(FILES_MODULE) as { default: CacheHandlerClass }
  const { fs, serverDistDir, revalidatedTags } = context
  const options = { fs, serverDistDir, revalidatedTags, flushToDisk: false, maxMemoryCacheSize: 0 }
  return new FileSystemCache(options as CacheHandlerContext)
}
