/**
 * What the stats server's answers are made of.
 */

import type { CacheStats } from '../base/index.ts'

/** The facts of one process, as far as they can be known. */
export interface ProcessFacts {
  readonly pid: number
  readonly uid: number
  readonly gid: number
  readonly cwd: string
  /** Bytes of memory in use. */
  readonly rss: number
  readonly startedAtMs: number
}

/** Everything the document is made of. */
export interface StatsFacts {
  readonly version: string
  readonly process: ProcessFacts
  readonly caches: readonly CacheStats[]
  /** Whether `max_items` is one more than `maxItems`: uWSGI counts a first place it never uses. */
  readonly countsFirstPlace: boolean
  readonly sockets: readonly SocketFacts[]
  readonly workers: readonly WorkerFacts[]
}

/** A socket that is listened on. */
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
  /** 0: there is no process now. */
  readonly pid: number
  /** `cheap` is uWSGI's word for a worker without a process. */
  readonly status: 'idle' | 'busy' | 'cheap'
  /** Requests of all its processes so far. */
  readonly requests: number
  /** Requests of the present process. */
  readonly deltaRequests: number
  /** Requests that have begun and not ended. */
  readonly activeRequests: number
  readonly harakiriCount: number
  /** Processes started, the first among them. */
  readonly spawnCount: number
  /** Unix time. */
  readonly spawnedAtMs: number
  /** Spent in requests. */
  readonly runningMicros: number
  readonly averageMicros: number
  readonly sentBytes: number
  /** Bytes of memory in use; 0: not known. */
  readonly rss: number
  /** The application, if it has one. */
  readonly app?: { readonly startupMs: number; readonly chdir: string }
}
