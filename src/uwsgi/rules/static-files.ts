/**
 * Files below directories that the configuration names: check-static and static-map, and where they
 * were found, in a cache.
 *
 * uWSGI 2.0.21, core/protocol.c (the order) and core/static.c. A file is looked for once the rules
 * have not answered, and before the application is asked.
 */

import { realpathSync } from 'node:fs'
import { toKey, toPlainText } from './byte-text.ts'
import type { Exchange } from './exchange.ts'
import { answerWithFile } from './file-reply.ts'
import type { Later, RouteCache } from './host.ts'
import { statOf } from './open-file.ts'

/** Where found paths are kept, and for how long. */
export interface PathMemory {
  readonly cache: RouteCache
  readonly ttlMs: number
}

/** A directory whose files answer requests, or one file that does. */
export class StaticRoot {
  readonly #mount: string
  readonly #given: string
  #resolved: { readonly path: string; readonly isFile: boolean } | undefined

  /** Text has one character a byte. Requests whose path begins with `mount` are for this root. */
  constructor(mount: string, root: string) {
    this.#mount = mount
    this.#given = root
  }

  /** Undefined: this request is not for this root, or there is no such root. */
  pathFor(pathInfo: string): string | undefined {
    const root = this.#resolve()
    if (root === undefined || !pathInfo.startsWith(this.#mount)) return undefined
    return root.isFile ? root.path : `${root.path}/${pathInfo.slice(this.#mount.length)}`
  }

  /** Links and dot segments may lead elsewhere, and so may what a cache remembers. */
  contains(path: string): boolean {
    const root = this.#resolve()
    if (root === undefined) return false
    return path === root.path || path.startsWith(root.path === '/' ? '/' : `${root.path}/`)
  }

  /** It may be made later than the server is started. */
  #resolve(): { readonly path: string; readonly isFile: boolean } | undefined {
    if (this.#resolved === undefined) {
      const path = resolveLinks(this.#given)
      if (path !== undefined) this.#resolved = { path, isFile: statOf(path)?.isFile() === true }
    }
    return this.#resolved
  }
}

/** Whether one of the roots has the file; then the exchange has its reply. */
export function findStatic(
  exchange: Exchange,
  roots: readonly StaticRoot[],
  memory: PathMemory | undefined,
): Later<boolean> {
  if (memory === undefined) return roots.some(root => serveFrom(exchange, root))
  return findRemembered(exchange, roots, memory)
}

function serveFrom(exchange: Exchange, root: StaticRoot): boolean {
  const wanted = root.pathFor(exchange.variable('PATH_INFO'))
  const found = wanted === undefined ? undefined : resolveLinks(wanted)
  return found !== undefined && serve(exchange, root, found)
}

/** Here waiting for a cache far away is not worth a form without it. */
async function findRemembered(
  exchange: Exchange,
  roots: readonly StaticRoot[],
  { cache, ttlMs }: PathMemory,
): Promise<boolean> {
  for (const root of roots) {
    const wanted = root.pathFor(exchange.variable('PATH_INFO'))
    if (wanted === undefined) continue
    const remembered = await cache.item(toKey(wanted))
    const found = remembered?.bytes.toString('latin1') ?? resolveLinks(wanted)
    if (found === undefined) continue
    if (remembered === null) {
      await cache.store(toKey(wanted), { value: Buffer.from(found, 'latin1'), mode: 'set', ttlMs })
    }
    if (serve(exchange, root, found)) return true
  }
  return false
}

function serve(exchange: Exchange, root: StaticRoot, path: string): boolean {
  if (root.contains(path)) return answerWithFile(exchange, path)
  const line = `[uwsgi-fileserve] security error: ${toPlainText(path)} is not under its directory`
  exchange.world.logOnce('static', line)
  return false
}

/** Undefined: nothing is there. */
function resolveLinks(path: string): string | undefined {
  try {
    return realpathSync.native(toKey(path), { encoding: 'latin1' })
  } catch {
    return undefined
  }
}
