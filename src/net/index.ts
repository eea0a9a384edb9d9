export {
  type Access,
  type AccessOptions,
  type InspectOption,
  isAdmitted,
  isOpen,
  resolveAllowList,
} from './access.ts'
export {
  type Address,
  API_ADDRESS,
  CONFIGURED_ADDRESS,
  formatAddress,
  type HostAddress,
  isInList,
  isLoopback,
  parseAddress,
  parseIdentifier,
  resolveBindHost,
  TARGET_ADDRESS,
} from './address.ts'
export { AddressCounts } from './address-counts.ts'
export { Budget, BudgetShare, takeSteps, writeBudgeted, writePaced } from './budgeted-write.ts'
export { Deadline, type DeadlineLimits } from './deadline.ts'
export { descriptorOf, type Listening, listen } from './listener.ts'
export {
  DEFAULT_MIN_BYTES_PER_SECOND,
  type Limits,
  MAX_CONNECTION_LIMIT,
  type ResolvedListener,
  requireFunctions,
  resolveListener,
  SOCKET_OPTIONS,
  warn,
} from './listener-options.ts'
export { readSecretFile, secretOfProcess } from './secret-file.ts'
