export { copyBytes } from './decode-portable.ts'
export {
  copyEncoded,
  decodeFromNetwork,
  encodeForNetwork,
  findTypeName,
  nameOfType,
  requireSource,
  sourceOf,
} from './network.ts'
export { decodeFrozen, decoderFor, decodeValue, encodeValue } from './structured.ts'
