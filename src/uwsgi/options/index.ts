export { type ParsedArguments, parseArguments, usageError } from './arguments.ts'
export { type CacheDefinition, type ResolvedCaches, resolveCaches } from './cache-definitions.ts'
export {
  COMMAND_LINE,
  formatGiven,
  formatOrigin,
  type GivenOption,
  type Origin,
} from './given-option.ts'
export type { HostEnvironment, HostFacts, PathKind } from './host-environment.ts'
export { type KeyValue, parseKeyValues } from './key-values.ts'
export { type LoadedOptions, loadOptions, readEnvironmentOptions } from './load.ts'
export type { OptionGroup, OptionKind, OptionRow, OptionSupport } from './option-row.ts'
export {
  checkOptions,
  findLast,
  flagOption,
  integerOption,
  interleavedOptions,
  listOption,
  type OptionSet,
  requiredInteger,
  requireSupported,
  textOption,
} from './option-set.ts'
export {
  buildTable,
  CACHE2_TABLE,
  OPTION_TABLE,
  type OptionTable,
  requireRow,
  SOCKET_TABLE,
} from './option-table.ts'
export { formatAllHelp, formatHelp, formatOptionsPage } from './option-text.ts'
export { parseInteger, parseInteger64 } from './option-values.ts'
export type { Preload } from './preload.ts'
export {
  formatAddress,
  parseAddress,
  parseSocket,
  type SocketAccess,
  type SocketAddress,
} from './socket-text.ts'
