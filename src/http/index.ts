export {
  bytesToResponse,
  type ResponseToBytesOptions,
  responseToBytes,
} from './stored-response.ts'
