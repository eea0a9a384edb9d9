/**
 * The runner: a master with workers, and what `serve` shares with it when it does without.
 */

export { explainingAddressInUse } from './address-in-use.ts'
export { Pidfile } from './left-behind.ts'
export {
  type MasterHost,
  type MasterOpened,
  type MasterPlan,
  type MasterReady,
  runMaster,
} from './master.ts'
export { openKeptCache } from './open-cache.ts'
export { planServe, type ServePlan } from './plan.ts'
export type { ListenLimits, PlannedSocket } from './plan-sockets.ts'
export { readSecretFile } from './secret-file.ts'
export { readAccess } from './socket-access.ts'
export { type Listener, listenStats, type StatsListening } from './stats.ts'
