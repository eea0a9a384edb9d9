export { decoderFor, decodeValue } from './decode.ts'
export { copyBytes } from './decode-portable.ts'
export { encodeUndefined, encodeValue } from './encode.ts'
export {
  copyEncoded,
  decodeFromNetwork,
  encodeForNetwork,
  findTypeName,
  requireSource,
  sourceOf,
} from './network.ts'
