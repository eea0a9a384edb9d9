export { type ParsedArguments, parseArguments, usageError } from './arguments.ts'
export { type CacheDefinition, type ResolvedCaches, resolveCaches } from './cache-definitions.ts'
export { cache2Name } from './cache2.ts'
export {
  COMMAND_LINE,
  formatGiven,
  type GivenOption,
  optionError,
} from './given-option.ts'
export type { HostEnvironment, HostFacts } from './host-environment.ts'
export { parseHttpCache } from './http-cache-text.ts'
export { parseKeyValues } from './key-values.ts'
export { type LoadedOptions, loadOptions, readEnvironmentOptions } from './load.ts'
export type { OptionRow } from './option-row.ts'
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
export { formatHelp, formatOptionsPage } from './option-text.ts'
export { parseInteger, parseInteger64 } from './option-values.ts'
export type { Preload } from './preload.ts'
export {
  formatAddress,
  parseAddress,
  parseSocket,
  type SocketAccess,
  type SocketAddress,
} from './socket-text.ts'
