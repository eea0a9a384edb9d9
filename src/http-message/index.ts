export { type CodingChoice, chooseCoding } from './accept-encoding.ts'
export {
  BodyCopy,
  type BodyReceiver,
  CopyBudget,
  copyStream,
  copyWhole,
  type DecodedCheck,
} from './body-copy.ts'
export {
  type FieldReader,
  isNotModified,
  sameOpaque,
  type Validators,
  wantedRange,
} from './conditions.ts'
export { isDecoded } from './content-coding.ts'
export {
  BODY_FIELDS,
  type HeaderField,
  isHeaderName,
  isHeaderValue,
  NO_LENGTH_STATUSES,
  NULL_BODY_STATUSES,
  statusWords,
  storedFields,
} from './fields.ts'
export { formatHttpDate, parseHttpDate } from './http-date.ts'
export {
  bytesToResponse,
  parseMessage,
  type ResponseToBytesOptions,
  responseToBytes,
} from './http-message-bytes.ts'
export {
  type Answer,
  bodyInOnePiece,
  fieldsOf,
  REQUEST_VARIABLES,
  type ResponseMethods,
  sendAnswer,
  type WithRequestVariables,
} from './node-messages.ts'
export {
  type BodyRoute,
  interceptResponse,
  type ResponseInterceptor,
} from './response-interceptor.ts'
export { parseDictionary, type StructuredValue } from './structured-fields.ts'
