export {
  type Address,
  type CacheIdentifier,
  formatAddress,
  parseAddress,
  parseIdentifier,
} from './address.ts'
export { encodeByteList, parseArray, parseByteList } from './array.ts'
export { ByteSource } from './byte-source.ts'
export {
  type CacheDatagram,
  encodeDeleteDatagram,
  encodeSetDatagram,
  parseDatagram,
} from './datagram.ts'
export {
  type DictionaryPair,
  encodeDictionary,
  type ParsedDictionary,
  parseDictionary,
} from './dictionary.ts'
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
  DEFAULT_KEYS_LIMIT,
  isCounterOperation,
  MAX_KEYS_LIMIT,
  type MagicCommand,
  type MagicRequest,
  NEVER_TTL,
  ONLY_PRESENT,
  parseMagicRequest,
  REFUSAL_REASONS,
  type RefusalReason,
} from './magic.ts'
export {
  msFromUnixSeconds,
  parseDecimal,
  parseInt64,
  secondsFromTtlMs,
  ttlMsFromSeconds,
  unixSeconds,
} from './numbers.ts'
export {
  encodeDictionaryPacket,
  encodePacket,
  type PacketHeader,
  parseHeader,
} from './packet.ts'
export * from './protocol.ts'
export { WordTable } from './words.ts'
