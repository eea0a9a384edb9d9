export {
  type FieldReader,
  isNotModified,
  sameOpaque,
  type Validators,
  wantedRange,
} from './conditions.ts'
export { isDecoded } from './content-coding.ts'
export { formatHttpDate, parseHttpDate } from './http-date.ts'
export { REQUEST_VARIABLES, type WithRequestVariables } from './request-variables.ts'
export { BODY_FIELDS, type HeaderField, NO_LENGTH_STATUSES, storedFields } from './stored-fields.ts'
export { bytesToResponse, type ResponseToBytesOptions, responseToBytes } from './stored-response.ts'
