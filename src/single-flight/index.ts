export { type Lease, leaseKeyOf } from './lease.ts'
export { type Acquisition, DEFAULT_WAIT_MS, MAX_WAIT_MS, SingleFlight } from './single-flight.ts'
