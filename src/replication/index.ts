export { type DumpSnapshot, dumpGeometryOf, takeSnapshot } from './dump-snapshot.ts'
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
export { type SyncOptions, type SyncOutcome, syncFrom } from './sync.ts'
