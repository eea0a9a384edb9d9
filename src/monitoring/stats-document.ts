/**
 * The document of uWSGI's stats server: its members, in its order.
 *
 * https://uwsgi-docs.readthedocs.io/en/latest/StatsServer.html and a running uWSGI 2.0.21. Tools
 * rely on every member being there, so what does not exist here is 0 or empty. What uWSGI does not
 * have stands behind everything else, in one member of our own.
 */

import type { CacheStats } from '../base/index.ts'
import type { JsonValue, SocketFacts, StatsFacts } from './stats-facts.ts'
import { makeWorker } from './stats-workers.ts'

export function makeDocument(facts: StatsFacts): { readonly [name: string]: JsonValue } {
  const { pid, uid, gid, cwd } = facts.process
  const caches = facts.caches.map(stats => makeCache(stats, facts.countsFirstPlace))
  return {
    version: facts.version,
    listen_queue: 0,
    listen_queue_errors: 0,
    signal_queue: 0,
    load: 0,
    pid,
    uid,
    gid,
    cwd,
    locks: makeLocks(facts.caches),
    ...(caches.length === 0 ? {} : { caches }),
    sockets: facts.sockets.map(makeSocket),
    workers: facts.workers.map(makeWorker),
    undercroft: { caches: facts.caches.map(stats => ({ ...stats })) },
  }
}

/** Locks that every uWSGI has. Here nothing is locked by them, so no process holds them: 0. */
const UWSGI_LOCKS = ['user 0', 'signal', 'filemon', 'timer', 'rbtimer', 'cron', 'rpc', 'snmp']

/** A writer lock is held for microseconds, and by whom is not known outside: 0 as well. */
function makeLocks(caches: readonly CacheStats[]): JsonValue {
  const names = [...UWSGI_LOCKS, ...caches.map(({ name }) => `cache_${name}`)]
  return names.map(name => ({ [name]: 0 }))
}

function makeCache(stats: CacheStats, countsFirstPlace: boolean): JsonValue {
  const unused = countsFirstPlace ? 1 : 0
  return {
    name: stats.name,
    hash: stats.hash,
    hashsize: stats.buckets,
    keysize: stats.maxKeySize,
    max_items: stats.maxItems + unused,
    // Without bitmap the first place has a block, too.
    blocks: stats.blocks + (stats.bitmap ? 0 : unused),
    blocksize: stats.blockSize,
    items: stats.items,
    hits: stats.hits,
    miss: stats.misses,
    // uWSGI counts each time it finds a cache full: an eviction is one, unless all go at once.
    full: stats.full + (stats.eviction === 'clear' ? 0 : stats.evicted),
    last_modified_at: Math.floor(stats.lastModifiedAtMs / 1000),
  }
}

/** What Node.js asks the system for when it listens; the system may give less. */
const LISTEN_BACKLOG = 511

function makeSocket({ address, protocol }: SocketFacts): JsonValue {
  return {
    name: address,
    proto: protocol,
    queue: 0,
    max_queue: LISTEN_BACKLOG,
    shared: 0,
    can_offload: 0,
  }
}
