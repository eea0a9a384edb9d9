export { decoderFor, decodeValue } from './decode.ts'
export { copyBytes } from './decode-portable.ts'
export { encodeValue } from './encode.ts'
export {
  copyEncoded,
  decodeFromNetwork,
  encodeForNetwork,
  findTypeName,
  nameOfType,
  requireSource,
  sourceOf,
} from './network.ts'
