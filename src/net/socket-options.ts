/**
 * How the sockets of clients are set up, whoever accepted them.
 */

/** Unsent bytes from which on a connection takes no further request. */
const HIGH_WATER_MARK = 65_536

/** Half-open: a client may end its side after the request and still gets its reply. */
export const SOCKET_OPTIONS = {
  allowHalfOpen: true,
  noDelay: true,
  highWaterMark: HIGH_WATER_MARK,
} as const
