export { encodeByteList, parseArray, parseByteList } from './array.ts'
export { ByteSource } from './byte-source.ts'
export {
  type CacheCommand,
  type CacheCommandName,
  type CacheNames,
  cacheNameTable,
  isCounterOperation,
  MAX_KEYS_LIMIT,
  NEVER_TTL,
  ONLY_PRESENT,
  parseCacheCommand,
  REFUSAL_REASONS,
  type RefusalReason,
} from './cache-command.ts'
export { ClientLogin } from './client-login.ts'
export {
  encodeDeleteDatagram,
  encodeSetDatagram,
  parseDatagram,
} from './datagram.ts'
export {
  type AnnouncedDump,
  DUMP_BUCKET_COUNT,
  type DumpGeometry,
  type DumpRecord,
  dumpAreaSize,
  dumpPairs,
  dumpRecordSize,
  encodeDumpRequest,
  inferKeySize,
  parseDumpPairs,
  parseDumpRecord,
  parseDumpRequest,
  writeDumpRecord,
} from './dump.ts'
export {
  CHALLENGE_COMMAND,
  isSameProof,
  LOGIN_COMMAND,
  makeNonce,
  NONCE_SIZE,
  proofOf,
  requireSecret,
  type SecretOption,
} from './login.ts'
export {
  msFromUnixSeconds,
  parseDecimal,
  parseInt64,
  secondsFromTtlMs,
  unixSeconds,
} from './numbers.ts'
export {
  type DictionaryPair,
  encodeDictionary,
  encodeDictionaryPacket,
  encodePacket,
  type PacketHeader,
  parseDictionary,
  parseHeader,
  WordTable,
} from './packet.ts'
export * from './protocol.ts'
