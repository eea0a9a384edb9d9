/**
 * The facts that the stats server reports.
 */

import type { CacheStats } from '../base/index.ts'

/** Facts of one process, as far as they are known. */
export interface ProcessFacts {
  readonly pid: number
  readonly uid: number
  readonly gid: number
  readonly cwd: string
  /** Bytes of memory in use. */
  readonly rss: number
  readonly startedAtMs: number
}

/** All facts of the document. */
export interface StatsFacts {
  readonly version: string
  readonly process: ProcessFacts
  readonly caches: readonly CacheStats[]
  /** Whether `max_items` counts the first place, which uWSGI never uses. */
  readonly uwsgiItemCount: boolean
  readonly sockets: readonly SocketFacts[]
  readonly workers: readonly WorkerFacts[]
}

/** A socket that a server listens on. */
export interface SocketFacts {
  readonly address: string
  readonly protocol: 'uwsgi' | 'http'
}

/** A value of JSON. */
export type JsonValue =
  | string
  | number
  | boolean
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue }

/** One worker process, for the stats server. */
export interface WorkerFacts {
  /** From 1. */
  readonly id: number
  /** 0: the worker has no process now. */
  readonly pid: number
  /** `cheap` is uWSGI's word for a worker without a process. */
  readonly status: 'idle' | 'busy' | 'cheap'
  /** Requests of all processes of this worker. */
  readonly requests: number
  /** Requests of the current process. */
  readonly deltaRequests: number
  /** Requests that have begun and not yet ended. */
  readonly activeRequests: number
  readonly harakiriCount: number
  /** Processes started, including the first. */
  readonly spawnCount: number
  /** Start of the current process, Unix milliseconds. */
  readonly spawnedAtMs: number
  /** Microseconds spent in requests. */
  readonly runningMicros: number
  readonly averageMicros: number
  readonly sentBytes: number
  /** Bytes of memory in use; 0: not known. */
  readonly rss: number
  /** The application, if the worker has one. */
  readonly app?: { readonly startupMs: number; readonly chdir: string }
}
