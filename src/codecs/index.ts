export { copyBytes, decodeValue } from './decode.ts'
export { encodeValue } from './encode.ts'
