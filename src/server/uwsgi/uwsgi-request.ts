/**
 * Which packets are taken, and what becomes of those that are for an application: they are read as
 * far as their variables, and given away with their connection.
 */

import type { Socket } from 'node:net'
import type { Limits } from '../../net/index.ts'
import {
  type ByteSource,
  MODIFIER1_CACHE,
  MODIFIER1_REQUEST,
  type PacketHeader,
  parseDictionary,
} from '../../protocols/uwsgi/index.ts'

/** A request for an application (modifier1 0), as far as it has been read. */
export interface UwsgiRequest {
  /** CGI variables in the order sent, in latin1. A repeated request header comes repeatedly. */
  readonly variables: readonly (readonly [name: string, value: string])[]
  /**
   * The connection: after `early` it brings the rest of the body, and it takes the answer. The
   * server counts it until it is closed, and `close()` gives it `drainTimeoutMs`.
   */
  readonly socket: Socket
  /** Bytes of the body that came with the packet. */
  readonly early: Buffer
  /** How long the peer may keep the connection waiting, from the server's options. */
  readonly socketTimeoutMs: number
}

/** What decides about packets, from the server's options. */
export interface PacketContext {
  readonly limits: Limits
  /** Undefined: there is no application. */
  readonly onRequest: ((request: UwsgiRequest) => void) | undefined
  readonly onLog: (line: string) => void
}

export function hasHandler({ modifier1 }: PacketHeader, context: PacketContext): boolean {
  if (modifier1 === MODIFIER1_CACHE) return true
  if (modifier1 === MODIFIER1_REQUEST && context.onRequest !== undefined) return true
  context.onLog(`-- unavailable modifier requested: ${modifier1} --`)
  return false
}

export function isWithinLimit({ packetSize }: PacketHeader, context: PacketContext): boolean {
  const { bufferSize } = context.limits
  if (packetSize <= bufferSize) return true
  context.onLog(`invalid request block size: ${packetSize} (max ${bufferSize})...skip`)
  return false
}

/** False: the dictionary is malformed, and the connection stays whose it was. */
export function giveRequest(
  payload: Buffer,
  socket: Socket,
  source: ByteSource,
  { limits, onRequest }: PacketContext,
): boolean {
  const { pairs, complete } = parseDictionary(payload)
  if (!complete) return false
  onRequest?.({
    variables: pairs.map(([name, value]) => [name, value.toString('latin1')]),
    socket,
    early: source.takeAll(),
    socketTimeoutMs: limits.socketTimeoutMs,
  })
  return true
}
