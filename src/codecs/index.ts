export { copyBytes } from './decode-portable.ts'
export {
  copyEncoded,
  decodeFromNetwork,
  encodeForNetwork,
  findTypeName,
  nameOfType,
  sourceOf,
} from './network.ts'
export { decodeValue, encodeValue } from './structured.ts'
