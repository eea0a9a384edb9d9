export type { Lease } from './lease.ts'
export { DEFAULT_WAIT_MS, MAX_WAIT_MS, SingleFlight, type Turn } from './single-flight.ts'
