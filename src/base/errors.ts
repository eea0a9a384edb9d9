/**
 * Declares the only error class of the package, and its codes.
 *
 * Codes are stable, and docs/reference/errors.md lists them. Messages may change. An expected
 * result (a miss, a full cache) is a value, and never an error.
 */

export const ERROR_CODES = [
  'UNDERCROFT_OPTION_INVALID',
  'UNDERCROFT_KEY_INVALID',
  'UNDERCROFT_VALUE_UNSUPPORTED',
  'UNDERCROFT_VALUE_TOO_LARGE',
  'UNDERCROFT_TAGS_INVALID',
  'UNDERCROFT_PINS_FULL',
  'UNDERCROFT_LOCK_HELD',
  'UNDERCROFT_CONTENDED',
  'UNDERCROFT_NO_EVENTS',
  'UNDERCROFT_VALUE_INVALID',
  'UNDERCROFT_CODEC_FAILED',
  'UNDERCROFT_LOAD_TIMEOUT',
  'UNDERCROFT_NOT_A_COUNTER',
  'UNDERCROFT_COUNTER_RANGE',
  'UNDERCROFT_CLOSED',
  'UNDERCROFT_NO_SUCH_CACHE',
  'UNDERCROFT_NOT_A_SEGMENT',
  'UNDERCROFT_VERSION_MISMATCH',
  'UNDERCROFT_GEOMETRY_MISMATCH',
  'UNDERCROFT_TRUNCATED',
  'UNDERCROFT_DUMP_INVALID',
  'UNDERCROFT_ACCESS_DENIED',
  'UNDERCROFT_NO_SPACE',
  'UNDERCROFT_SEGMENT_TOO_LARGE',
  'UNDERCROFT_SHARING_UNAVAILABLE',
  'UNDERCROFT_LOCK_TIMEOUT',
  'UNDERCROFT_CORRUPT',
  'UNDERCROFT_SYSTEM',
  'UNDERCROFT_PROTOCOL',
  'UNDERCROFT_CONNECTION',
  'UNDERCROFT_TIMEOUT',
  'UNDERCROFT_REMOTE_REFUSED',
  'UNDERCROFT_APP_INVALID',
  'UNDERCROFT_WORKER_FAILED',
  'UNDERCROFT_INSTANCE_RUNNING',
] as const

/** Every code an {@link UndercroftError} can carry. */
export type ErrorCode = (typeof ERROR_CODES)[number]

/**
 * The error that every failure of this package throws.
 *
 * @example
 * try {
 *   cache.set(key, value)
 * } catch (error) {
 *   if (error instanceof UndercroftError && error.code === 'UNDERCROFT_VALUE_TOO_LARGE') skip()
 *   else throw error
 * }
 */
export class UndercroftError extends Error {
  override readonly name = 'UndercroftError'
  /** The stable code. Compare the code, and not the message. */
  readonly code: ErrorCode

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
