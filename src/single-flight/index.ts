export { companionKeyOf, type Lease, leaseKeyOf } from './lease.ts'
export { poll } from './poll.ts'
export {
  type Acquisition,
  DEFAULT_WAIT_MS,
  MAX_WAIT_MS,
  MAX_WAITING,
  SingleFlight,
} from './single-flight.ts'
export { WaitingLine } from './waiting-line.ts'
