/**
 * The addresses of replication, each a host and a port that is resolved once, and their sockets.
 */

import { createSocket, type Socket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { BlockList } from 'node:net'
import { invalidOption, requireString, UndercroftError } from '../base/index.ts'
import { API_ADDRESS, type HostAddress, parseAddress } from '../net/index.ts'

/** An address that datagrams can be sent to. */
export interface UdpTarget {
  /** As the option has it. */
  readonly text: string
  readonly host: string
  readonly port: number
  readonly family: 4 | 6
}

/** Parses at least one address, each with at least a port. uWSGI skips addresses without one. */
export function parseUdpAddresses(name: string, given: unknown): readonly HostAddress[] {
  if (!Array.isArray(given) || given.length === 0) {
    throw invalidOption(name, 'a list of at least one host:port', given)
  }
  return given.map(text => {
    const isHost = /:\d+$/.test(requireString(name, text))
    const address = isHost ? parseAddress(name, text, API_ADDRESS) : undefined
    if (address?.kind !== 'tcp') throw invalidOption(name, 'addresses like host:port', text)
    return address
  })
}

export async function resolveTarget(name: string, address: HostAddress): Promise<UdpTarget> {
  const { host, port } = address
  const text = `${host}:${port}`
  if (host === '' || port === 0) throw invalidOption(name, 'a host and a port to send to', text)
  try {
    const { address: found, family } = await lookup(host)
    return { text, host: found, port, family: family === 6 ? 6 : 4 }
  } catch (error) {
    throw socketError(`cannot find ${text}`, error)
  }
}

/**
 * @returns a bound socket. All its addresses are numbers and need no look-up, so a datagram leaves
 * within the call that sends it.
 */
export async function bindUdp(
  family: 4 | 6,
  options: { readonly address?: string; readonly port: number; readonly reuseAddr?: boolean },
): Promise<Socket> {
  const { reuseAddr = false, ...bound } = options
  const socket = createSocket({
    type: family === 6 ? 'udp6' : 'udp4',
    reuseAddr,
    lookup: (host, _options, callback) => callback(null, host, family),
  })
  const listening = once(socket, 'listening') // the event may come within the call of bind
  try {
    socket.bind(bound)
    await listening
  } catch (error) {
    socket.close()
    throw error
  }
  return socket
}

export function socketError(what: string, cause: unknown): UndercroftError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new UndercroftError('UNDERCROFT_SYSTEM', `${what}: ${reason}`, { cause })
}

export function isMulticast(host: string, family: 4 | 6): boolean {
  return MULTICAST.check(host, family === 6 ? 'ipv6' : 'ipv4')
}

const MULTICAST = new BlockList()
MULTICAST.addSubnet('224.0.0.0', 4, 'ipv4')
MULTICAST.addSubnet('ff00::', 8, 'ipv6')
