/**
 * The member `workers` of the stats document: processes that serve, as uWSGI's tools see them.
 */

import type { JsonValue, ProcessFacts, WorkerFacts } from './stats-facts.ts'

/** A process that serves caches by itself: uWSGI would call it the worker. */
export function workerOfProcess({ pid, rss, startedAtMs }: ProcessFacts): WorkerFacts {
  const none = { requests: 0, deltaRequests: 0, activeRequests: 0, harakiriCount: 0 }
  const unmeasured = { runningMicros: 0, averageMicros: 0, sentBytes: 0 }
  const spawned = { spawnCount: 1, spawnedAtMs: startedAtMs }
  return { id: 1, pid, status: 'idle', rss, ...none, ...unmeasured, ...spawned }
}

/** Members and their order are uWSGI's; what does not exist here is 0 or empty. */
export function makeWorker(worker: WorkerFacts): JsonValue {
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

/** A worker of ours has one thread, which serves many requests at a time. */
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
