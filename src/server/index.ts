/**
 * `undercroft/server`: serves caches over uWSGI's cache protocol, keeps the caches of several nodes
 * the same, and serves their counts for monitoring.
 */

export {
  type ByteCache,
  type CacheChange,
  type CacheStats,
  type ChangeListener,
  type ErrorCode,
  type ReplicableCache,
  UndercroftError,
} from '../base/index.ts'
export type { SocketFacts, StatsOptions, StatsSource, WorkerFacts } from '../monitoring/index.ts'
export { type StatsServer, serveStats } from '../monitoring/index.ts'
export type { AccessOptions } from '../net/index.ts'
export {
  type ReceiveCounts,
  type ReceiveOptions,
  type ReplicaReceiver,
  type ReplicateOptions,
  type Replication,
  type ReplicationCounts,
  receiveReplicas,
  replicate,
  type SyncOptions,
  type SyncOutcome,
  syncFrom,
} from '../replication/index.ts'
export type { ListenerOptions, ServeOptions } from './options.ts'
export { type CacheServer, serveCaches } from './server.ts'
export type { UwsgiRequest } from './uwsgi/index.ts'
