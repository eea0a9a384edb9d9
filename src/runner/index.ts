/**
 * The runner: a master with workers, and what `serve` shares with it when it runs without workers.
 */

export { type CachePlace, ServedCache, startInstance } from './caches/serve-cache.ts'
export { isDaemon, type PlannedDaemon, reportServing, startDaemon } from './daemon.ts'
export { openLogFile, writeLogLine } from './log/log-file.ts'
export { withDate } from './log/plan-log.ts'
export { runMaster } from './master.ts'
export type { MasterHost, MasterOpened, MasterReady } from './master-host.ts'
export { Pidfile } from './owned-file.ts'
export { planServe, type ServePlan } from './plan.ts'
export { dropPrivileges, nameOfUser } from './privileges.ts'
export type { MasterPlan } from './replan.ts'
export { ServiceManager } from './service-manager.ts'
export { explainingAddressInUse } from './sockets/listening-sockets.ts'
export type { ListenLimits, PlannedSocket } from './sockets/plan-sockets.ts'
export { readAccess } from './sockets/socket-access.ts'
export { type Listener, listenStats, type StatsListening } from './stats.ts'
