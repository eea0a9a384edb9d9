/**
 * Packets that are not for a cache. A request for an application is read as far as its variables,
 * and passed on with its connection; every other packet is refused.
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

/** A request for an application (modifier1 0), as far as the server has read it. */
export interface UwsgiRequest {
  /** CGI variables in the order sent, in latin1. A repeated request header is repeated here. */
  readonly variables: readonly (readonly [name: string, value: string])[]
  /**
   * The connection: it brings the rest of the body after `early`, and it takes the answer. The
   * server counts it until it is closed, and `close()` gives it `drainTimeoutMs`.
   */
  readonly socket: Socket
  /** Bytes of the body that came with the packet. */
  readonly early: Buffer
  /** How long the application should wait for the peer, from the server's options. */
  readonly socketTimeoutMs: number
}

/** The options of the server that decide about packets. */
export interface PacketContext {
  readonly limits: Limits
  /** Undefined: there is no application. */
  readonly onRequest: ((request: UwsgiRequest) => void) | undefined
  readonly onLog: (line: string) => void
}

/** How a refused packet ends its connection; undefined: the packet is accepted. */
export type PacketRefusal = 'end' | 'destroy' | undefined

/** Refuses, in uWSGI's words, a packet without a handler and one that is too large. */
export function refusePacket(
  { modifier1, packetSize }: PacketHeader,
  { limits, onRequest, onLog }: PacketContext,
): PacketRefusal {
  const hasApplication = modifier1 === MODIFIER1_REQUEST && onRequest !== undefined
  if (modifier1 !== MODIFIER1_CACHE && !hasApplication) {
    onLog(`-- unavailable modifier requested: ${modifier1} --`)
    return 'end'
  }
  if (packetSize <= limits.bufferSize) return undefined
  onLog(`invalid request block size: ${packetSize} (max ${limits.bufferSize})...skip`)
  return 'destroy'
}

/** @returns false for a malformed dictionary, which leaves the connection to the caller. */

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
