export { decoderFor, decodeValue } from './decode.ts'
export { copyBytes, copyEncoded } from './decode-portable.ts'
export { encodeValue } from './encode.ts'
export {
  decodeFromNetwork,
  encodeForNetwork,
  findTypeName,
  requireSource,
  sourceOf,
} from './network.ts'
