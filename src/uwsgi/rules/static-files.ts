/**
 * Files as responses: below the directories of check-static and static-map, with the paths that a
 * cache remembers, and by the action `static`.
 *
 * uWSGI 2.0.21, core/protocol.c (the order) and core/static.c. The directories are searched when
 * the rules have not answered, and before the application is asked.
 *
 * Any process that may write to a directory or to the cache can change what a path leads to.
 * Therefore the real path of the open descriptor decides whether a file is inside its directory.
 */

import { realpathSync } from 'node:fs'
import type { Awaitable } from '../../base/index.ts'
import { formatHttpDate, isNotModified } from '../../http-message/index.ts'
import { toBytes, toKey, toPlainText } from './byte-text.ts'
import { closeFile, type OpenFile, openFile, realPathOf, statOf } from './open-file.ts'
import { newReply } from './reply.ts'
import type { RouteCache, RuleContext } from './rule-context.ts'

/** The cache that remembers found paths, and for how long. */
export interface PathMemory {
  readonly cache: RouteCache
  readonly ttlMs: number
}

/** A directory whose files answer requests, or a single file. */
export class StaticRoot {
  readonly #mount: string
  readonly #given: string
  readonly #servesDotfiles: boolean
  #resolved: { readonly path: string; readonly isFile: boolean } | undefined

  /** Strings have one character for each byte. The root serves paths that begin with `mount`. */
  constructor(mount: string, root: string, servesDotfiles: boolean) {
    this.#mount = mount
    this.#given = root
    this.#servesDotfiles = servesDotfiles
  }

  /** @returns undefined if the root does not serve the path, or does not exist */
  pathFor(pathInfo: string): string | undefined {
    const root = this.#resolve()
    if (root === undefined || !pathInfo.startsWith(this.#mount)) return undefined
    if (root.isFile) return root.path
    const below = pathInfo.slice(this.#mount.length)
    return this.#isServed(below) ? `${root.path}/${below}` : undefined
  }

  /** Whether a path that a cache remembers is one that the root itself could have found. */
  mayHaveFound(path: string): boolean {
    const root = this.#resolve()
    if (root === undefined || !this.contains(path)) return false
    return this.#isServed(path.slice(root.path.length))
  }

  /** Whether a real path, without links and dot segments, is inside the root. */
  contains(path: string): boolean {
    const root = this.#resolve()
    if (root === undefined) return false
    return path === root.path || path.startsWith(root.path === '/' ? '/' : `${root.path}/`)
  }

  #isServed(path: string): boolean {
    return this.#servesDotfiles || countHidden(path) === 0
  }

  /** Resolves the root when it is first needed: it may be created after the server has started. */
  #resolve(): { readonly path: string; readonly isFile: boolean } | undefined {
    if (this.#resolved === undefined) {
      const path = resolveLinks(this.#given)
      if (path !== undefined) this.#resolved = { path, isFile: statOf(path)?.isFile() === true }
    }
    return this.#resolved
  }
}

/** A directory that RFC 8615 reserves for files that everyone may read. */
const WELL_KNOWN = '.well-known'

/** Counts the segments that begin with a dot, such as `.git`, which are not meant for clients. */
export function countHidden(path: string): number {
  const isHidden = (segment: string) =>
    segment.startsWith('.') && segment !== WELL_KNOWN && segment !== '.' && segment !== '..'
  return path.split('/').filter(isHidden).length
}

/** @returns true if one of the roots has the file, which is then the reply of the context */
export function findStatic(
  context: RuleContext,
  roots: readonly StaticRoot[],
  memory: PathMemory | undefined,
): Awaitable<boolean> {
  if (memory === undefined) return roots.some(root => serveFrom(context, root))
  return findRemembered(context, roots, memory)
}

function serveFrom(context: RuleContext, root: StaticRoot): boolean {
  const wanted = root.pathFor(context.variable('PATH_INFO'))
  const found = wanted === undefined ? undefined : resolveLinks(wanted)
  return found !== undefined && serve(context, root, found)
}

/** Asynchronous in any case: a separate form for local caches is not worth its code. */
async function findRemembered(
  context: RuleContext,
  roots: readonly StaticRoot[],
  { cache, ttlMs }: PathMemory,
): Promise<boolean> {
  for (const root of roots) {
    const wanted = root.pathFor(context.variable('PATH_INFO'))
    if (wanted === undefined) continue
    const key = toKey(wanted)
    const remembered = (await cache.item(key))?.bytes.toString('latin1')
    const known = remembered !== undefined && root.mayHaveFound(remembered) ? remembered : undefined
    if (known !== undefined && serve(context, root, known)) return true
    const found = resolveLinks(wanted)
    if (found === undefined || found === known) continue
    if (found !== remembered) {
      await cache.store(key, { value: toBytes(found), mode: 'set', ttlMs })
    }
    if (serve(context, root, found)) return true
  }
  return false
}

function serve(context: RuleContext, root: StaticRoot, path: string): boolean {
  return answerWithFile(context, path, (file, realPath) => {
    if (realPath !== undefined && root.contains(realPath)) return true
    closeFile(file)
    const shown = toPlainText(realPath ?? path)
    const line = `[uwsgi-fileserve] security error: ${shown} is not under its directory`
    context.deps.logOnce('static', line)
    return false
  })
}

/** @returns undefined if there is no such file */
function resolveLinks(path: string): string | undefined {
  try {
    return realpathSync.native(toKey(path), { encoding: 'latin1' })
  } catch {
    return undefined
  }
}

/**
 * Answers GET and HEAD with a file. uWSGI 2.0.21, core/static.c, uwsgi_real_file_serve.
 *
 * @param accepts - decides by the real path of the open file, and closes a file that it refuses
 * @returns false for another method, or without such a file
 */
export function answerWithFile(
  context: RuleContext,
  path: string,
  accepts?: (file: OpenFile, realPath: string | undefined) => boolean,
): boolean {
  const method = context.variable('REQUEST_METHOD')
  if (method !== 'GET' && method !== 'HEAD') return false
  const file = openFile(path)
  if (file === undefined) return false
  if (accepts !== undefined && !accepts(file, realPathOf(file, path))) return false
  const type = context.deps.mimeTypes.find(path)
  const lastModified = formatHttpDate(file.modifiedAtMs)
  const reply = {
    ...newReply({ statusCode: 200 }, [
      ...(type === undefined ? [] : ['Content-Type', type]),
      ...['Content-Length', String(file.size), 'Last-Modified', lastModified],
    ]),
    isBegun: true,
  }
  // As in uWSGI, If-None-Match does not count: a file has no ETag here.
  const since = (name: string): string | undefined =>
    name === 'if-modified-since' ? context.variable('HTTP_IF_MODIFIED_SINCE') : undefined
  const isOld = isNotModified(since, { lastModified }, context.deps.clock.nowMs())
  const isPlaced = context.placeReply(
    isOld ? newReply({ statusCode: 304 }, []) : { ...reply, file },
  )
  if (isOld || !isPlaced) closeFile(file)
  return true
}
