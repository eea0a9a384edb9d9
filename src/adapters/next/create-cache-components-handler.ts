/**
 * The handler for `cacheHandlers` of Next.js: entries of `'use cache'`.
 */

import { lazyProject, type NextOptions, type Project } from './project.ts'
import type { Durations } from './tag-times.ts'

/** An entry, as Next.js passes it. */
export interface CacheComponentsEntry {
  /** Read once. */
  readonly value: ReadableStream<Uint8Array>
  readonly tags: string[]
  /** Seconds, for the router of the browser. */
  readonly stale: number
  /** When its render began, in Unix milliseconds. */
  readonly timestamp: number
  /** Seconds after which it must not be served. */
  readonly expire: number
  /** Seconds after which it is made again. */
  readonly revalidate: number
}

/** The handler, in the form that Next.js 16 asks for. */
export interface CacheComponentsHandler {
  get(key: string, softTags: string[]): Promise<CacheComponentsEntry | undefined>
  set(key: string, pending: Promise<CacheComponentsEntry>): Promise<void>
  refreshTags(): Promise<void>
  getExpiration(tags: string[]): Promise<number>
  updateTags(tags: string[], durations?: Durations): Promise<void>
}

interface StoredEntry {
  readonly facts: Omit<CacheComponentsEntry, 'value'>
  readonly bytes: Uint8Array
}

/**
 * Makes a handler for `cacheHandlers`, over a shared cache.
 *
 * @throws UndercroftError - UNDERCROFT_OPTION_INVALID, and those of `Cache.open`, at the first use
 * @example
 * // cache-components.mjs, which next.config names
 * export default createCacheComponentsHandler({ name: 'site', maxItems: 20_000 })
 */
export function createCacheComponentsHandler(options: NextOptions): CacheComponentsHandler {
  const open = lazyProject(options)
  /** The entries that this process is about to store. */
  const pendingSets = new Map<string, Promise<void>>()
  return {
    async get(key) {
      const project = open()
      if (project === undefined) return undefined
      await pendingSets.get(key)
      const read = () => readEntry(project, key)
      const found = read() ?? (await project.leases.takeOrWait(key, read))
      return found && withStream(project, found)
    },
    async set(key, pending) {
      const project = open()
      if (project === undefined) return
      const ended = storeWhenReady(project, key, pending)
      pendingSets.set(key, ended)
      await ended
      if (pendingSets.get(key) === ended) pendingSets.delete(key)
    },
    async refreshTags() {}, // Tags are read from shared memory at each get.
    async getExpiration(tags) {
      const project = open()
      // The floor of the tags lies a little ahead, and Next.js must not see a time to come.
      return project ? Math.min(project.tags.expiredAtMs(tags), project.home.nowMs()) : 0
    },
    async updateTags(tags, durations) {
      open()?.tags.invalidate(tags, durations)
    },
  }
}

/** Never rejects: a render that failed, or a stream that broke off, stores nothing. */
async function storeWhenReady(
  project: Project,
  key: string,
  pending: Promise<CacheComponentsEntry>,
): Promise<void> {
  try {
    const entry = await pending
    storeEntry(project, key, entry, await bytesOf(entry.value))
  } catch {
    // Next.js reports the failure of a render itself.
  } finally {
    project.leases.release(key)
  }
}

function readEntry(project: Project, key: string): StoredEntry | undefined {
  const found = project.entries.get(key) as StoredEntry | undefined
  if (found === undefined) return undefined
  return project.tags.isExpired(found.facts.tags, found.facts.timestamp) ? undefined : found
}

function withStream(project: Project, { facts, bytes }: StoredEntry): CacheComponentsEntry {
  const isStale = project.tags.isStale(facts.tags, facts.timestamp)
  const value = new ReadableStream<Uint8Array>({
    start(controller) {
      if (bytes.byteLength > 0) controller.enqueue(bytes)
      controller.close()
    },
  })
  return { ...facts, ...(isStale ? { revalidate: -1 } : {}), value }
}

/** An entry that expires at once is dynamic, and never served. */
function storeEntry(
  project: Project,
  key: string,
  { value: _, ...facts }: CacheComponentsEntry,
  bytes: Uint8Array,
): void {
  const ttlMs = facts.timestamp + facts.expire * 1000 - project.home.nowMs()
  if (facts.expire > 0 && ttlMs > 0) project.entries.set(key, { facts, bytes }, { ttlMs })
}

async function bytesOf(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  for await (const piece of stream as unknown as AsyncIterable<Uint8Array>) pieces.push(piece)
  return Buffer.concat(pieces)
}
