/**
 * The document of uWSGI's stats server: its members in its order, and its two layouts.
 *
 * https://uwsgi-docs.readthedocs.io/en/latest/StatsServer.html and a running uWSGI 2.0.21. Tools
 * rely on every member, so a member that does not exist here is 0 or empty. Facts that uWSGI does
 * not have are in one more member at the end, `undercroft`.
 */

import type { CacheStats } from '../base/index.ts'
import type {
  JsonValue,
  ProcessFacts,
  SocketFacts,
  StatsFacts,
  WorkerFacts,
} from './stats-facts.ts'

export function makeDocument(facts: StatsFacts): { readonly [name: string]: JsonValue } {
  const { pid, uid, gid, cwd } = facts.process
  const caches = facts.caches.map(stats => makeCache(stats, facts.uwsgiItemCount))
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
    undercroft: { caches: facts.caches.map(makeOwnCache) },
  }
}

function makeOwnCache({ loads, lockWaits, ...stats }: CacheStats): JsonValue {
  return { ...stats, loads: { ...loads }, lockWaits: { ...lockWaits } }
}

/** The locks of every uWSGI. They lock nothing here, so no process holds them: 0. */
const UWSGI_LOCKS = ['user 0', 'signal', 'filemon', 'timer', 'rbtimer', 'cron', 'rpc', 'snmp']

/** A writer lock is held for microseconds, and its owner is not known here: 0 as well. */
function makeLocks(caches: readonly CacheStats[]): JsonValue {
  const names = [...UWSGI_LOCKS, ...caches.map(({ name }) => `cache_${name}`)]
  return names.map(name => ({ [name]: 0 }))
}

function makeCache(stats: CacheStats, uwsgiItemCount: boolean): JsonValue {
  const unused = uwsgiItemCount ? 1 : 0
  return {
    name: stats.name,
    hash: stats.hash,
    hashsize: stats.buckets,
    keysize: stats.maxKeySize,
    max_items: stats.maxItems + unused,
    // Without bitmap the first place has a block as well.
    blocks: stats.blocks + (stats.bitmap ? 0 : unused),
    blocksize: stats.blockSize,
    items: stats.items,
    hits: stats.hits,
    miss: stats.misses,
    // uWSGI counts each time it finds a cache full. An eviction counts, unless it clears all items.
    full: stats.full + (stats.eviction === 'clear' ? 0 : stats.evicted),
    last_modified_at: Math.floor(stats.lastModifiedAtMs / 1000),
  }
}

/** The backlog that Node.js asks the system for; the system may grant less. */
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

/** @returns the worker of a process that serves caches without workers. */
export function workerOfProcess({ pid, rss, startedAtMs }: ProcessFacts): WorkerFacts {
  const none = { requests: 0, deltaRequests: 0, activeRequests: 0, harakiriCount: 0 }
  const unmeasured = { runningMicros: 0, averageMicros: 0, sentBytes: 0 }
  const spawned = { spawnCount: 1, spawnedAtMs: startedAtMs }
  return { id: 1, pid, status: 'idle', rss, ...none, ...unmeasured, ...spawned }
}

function makeWorker(worker: WorkerFacts): JsonValue {
  return {
    id: worker.id,
    pid: worker.pid,
    accepting: worker.status === 'cheap' ? 0 : 1,
    requests: worker.requests,
    delta_requests: worker.deltaRequests,
    exceptions: 0,
    harakiri_count: worker.harakiriCount,
    signals: 0,
    signal_queue: 0,
    status: worker.status,
    rss: worker.rss,
    vsz: 0,
    running_time: worker.runningMicros,
    last_spawn: Math.floor(worker.spawnedAtMs / 1000),
    respawn_count: worker.spawnCount,
    tx: worker.sentBytes,
    avg_rt: worker.averageMicros,
    apps: makeApps(worker),
    cores: [makeCore(worker)],
  }
}

function makeApps({ app, requests }: WorkerFacts): JsonValue {
  if (app === undefined) return []
  const facts = { startup_time: Math.round(app.startupMs / 1000), requests, exceptions: 0 }
  return [{ id: 0, modifier1: 0, mountpoint: '', ...facts, chdir: app.chdir }]
}

/** A worker has one thread here, which serves many requests at once. */
function makeCore({ requests, activeRequests }: WorkerFacts): JsonValue {
  return {
    id: 0,
    requests,
    static_requests: 0,
    routed_requests: 0,
    offloaded_requests: 0,
    write_errors: 0,
    read_errors: 0,
    in_request: activeRequests > 0 ? 1 : 0,
    vars: [],
    req_info: {},
  }
}

/**
 * @param isMinified - No white space. Otherwise each level has a tab and each member a line.
 * @returns valid JSON: unlike in uWSGI, every string is escaped.
 */
export function formatDocument(document: JsonValue, isMinified: boolean): string {
  return isMinified ? JSON.stringify(document) : formatIndented(document, '')
}

function formatIndented(value: JsonValue, indent: string): string {
  if (typeof value !== 'object') return JSON.stringify(value)
  const inner = `${indent}\t`
  const isList = Array.isArray(value)
  const members = isList
    ? value.map(member => inner + formatIndented(member, inner))
    : Object.entries(value).map(
        ([name, member]) => `${inner}${JSON.stringify(name)}:${formatIndented(member, inner)}`,
      )
  const [open, close] = isList ? '[]' : '{}'
  return `${open}\n${members.join(',\n')}\n${indent}${close}`
}
