export { copyBytes } from './decode-portable.ts'
export {
  copyEncoded,
  decodeFromNetwork,
  encodeForNetwork,
  findTypeName,
  nameOfType,
  sourceOf,
} from './network.ts'
export { decodeFrozen, decodeValue, encodeValue } from './structured.ts'
