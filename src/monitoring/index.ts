export type { SocketFacts, WorkerFacts } from './stats-facts.ts'
export type { StatsOptions, StatsSource } from './stats-options.ts'
export { type StatsServer, serveStats } from './stats-server.ts'
