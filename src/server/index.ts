/**
 * Serving caches over uWSGI's cache protocol, and keeping several nodes alike: `undercroft/server`.
 */

export {
  type ByteCache,
  type CacheChange,
  type ChangeListener,
  type ErrorCode,
  type ItemPage,
  type PagedItem,
  type ReplicableCache,
  UndercroftError,
} from '../base/index.ts'
export type { ListenerOptions, ServeOptions } from './options.ts'
export {
  type ReceiveCounts,
  type ReceiveOptions,
  type ReplicaReceiver,
  receiveReplicas,
} from './receive-replicas.ts'
export {
  type ReplicateOptions,
  type Replication,
  type ReplicationCounts,
  replicate,
} from './replicate.ts'
export { type CacheServer, serveCaches } from './server.ts'
export { type SyncOptions, type SyncOutcome, syncFrom } from './sync.ts'
