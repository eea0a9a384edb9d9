/**
 * Finds the cache that an argument of uWSGI's functions names, and opens it or connects to it at
 * its first use.
 *
 * The open caches belong to the process, as in uWSGI: the functions take a name, not a handle, so
 * there is no object that could hold them.
 */

import { hasAddress, UndercroftError } from '../../base/index.ts'
import { Cache } from '../../cache/index.ts'
import type { RemoteCacheOptions } from '../../client/index.ts'
import { secretOfProcess } from '../../net/index.ts'
import { currentInstance, type InstanceCache } from './instance.ts'
import { LocalUwsgiCache } from './local-uwsgi-cache.ts'
import { RemoteUwsgiCache } from './remote-uwsgi-cache.ts'
import { ABSENT_CACHE, type UwsgiCache } from './uwsgi-cache.ts'

/** Name of the default cache in a process that belongs to no instance. */
const DEFAULT_NAME = 'default'

/** Maximum number of remote caches with open connections; beyond it the oldest is closed. */
const REMOTE_LIMIT = 100

const locals = new Map<string, LocalUwsgiCache>()
const remotes = new Map<string, RemoteUwsgiCache>()

export function isRemote(identifier: string | undefined): boolean {
  return identifier !== undefined && hasAddress(identifier)
}

/** Returns the cache with this name; an empty or undefined name is the default cache. */
export function findCache(identifier: string | undefined): UwsgiCache {
  if (identifier !== undefined && isRemote(identifier)) return findRemote(identifier)
  return findLocal(identifier) ?? ABSENT_CACHE
}

/** Returns the default cache, or undefined if it does not exist. */
export function findDefaultCache(): Cache | undefined {
  return findLocal(undefined)?.cache
}

/**
 * Registers caches of the instance that this process has already opened. The functions use these
 * objects, so that an observer of such an object sees the changes they make.
 */
export function provideCaches(caches: readonly Cache[]): void {
  const first = currentInstance()?.caches[0]?.name
  for (const cache of caches) {
    const calls = new LocalUwsgiCache(cache)
    locals.set(cache.name, calls)
    if (cache.name === first) locals.set('', calls)
  }
}

/** Closes all caches and connections; the next use opens them again. */
export async function closeCaches(): Promise<void> {
  for (const { cache } of locals.values()) cache.close()
  locals.clear()
  const closing = [...remotes.values()].map(remote => remote.close())
  remotes.clear()
  await Promise.all(closing)
}

function findLocal(name = ''): LocalUwsgiCache | undefined {
  const known = locals.get(name)
  if (known !== undefined) return known
  const caches = currentInstance()?.caches ?? []
  const wanted = name === '' ? caches[0] : caches.find(cache => cache.name === name)
  const opened = openLocal(wanted ?? { name: name === '' ? DEFAULT_NAME : name })
  // A missing cache may be created later, so the next call looks again.
  if (opened !== undefined) locals.set(name, opened)
  return opened
}

function openLocal({
  mathInitial = 0n,
  instance,
  ...options
}: InstanceCache): LocalUwsgiCache | undefined {
  const name = instance === undefined ? options.name : `${instance}/${options.name}`
  try {
    return new LocalUwsgiCache(
      Cache.open({ ...options, name, counterInitial: mathInitial, memory: 'shared' }),
    )
  } catch (error) {
    if (error instanceof UndercroftError && NO_CACHE.has(error.code)) return undefined
    throw error
  }
}

/** The cache does not exist, its name is not allowed, or the system cannot share memory. */
const NO_CACHE: ReadonlySet<string> = new Set([
  'UNDERCROFT_NO_SUCH_CACHE',
  'UNDERCROFT_OPTION_INVALID',
  'UNDERCROFT_SHARING_UNAVAILABLE',
])

function findRemote(identifier: string): RemoteUwsgiCache {
  const known = remotes.get(identifier)
  if (known !== undefined) return known
  const fresh = new RemoteUwsgiCache(identifier, remoteOptions())
  const [oldest] = remotes
  if (remotes.size >= REMOTE_LIMIT && oldest !== undefined) {
    remotes.delete(oldest[0])
    void oldest[1].close()
  }
  remotes.set(identifier, fresh)
  return fresh
}

/** uWSGI waits as long as its option socket-timeout says. */
function remoteOptions(): RemoteCacheOptions {
  const seconds = Number(currentInstance()?.options['socket-timeout'])
  const limits = seconds >= 1 ? { replyTimeoutMs: Math.floor(seconds) * 1000 } : {}
  return { ...limits, ...secretOfProcess() }
}
