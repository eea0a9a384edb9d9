/**
 * The addresses of replication: a host and a port, told apart by family, looked up once.
 */

import { createSocket, type Socket } from 'node:dgram'
import { lookup } from 'node:dns/promises'
import { once } from 'node:events'
import { BlockList } from 'node:net'
import { invalidOption, requireString, UndercroftError } from '../base/index.ts'
import type { HostAddress } from '../net/index.ts'
import { parseAddress } from '../protocols/uwsgi/index.ts'

/** An address that datagrams can be sent to. */
export interface UdpTarget {
  /** As it was written. */
  readonly text: string
  readonly host: string
  readonly port: number
  readonly family: 4 | 6
}

/** At least one address, each with a host or at least a port; uWSGI skips those without a colon. */
export function parseUdpAddresses(name: string, given: unknown): readonly HostAddress[] {
  if (!Array.isArray(given) || given.length === 0) {
    throw invalidOption(name, 'a list of at least one host:port', given)
  }
  return given.map(text => {
    const address = /:\d+$/.test(requireString(name, text)) ? parseAddress(name, text) : undefined
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
 * A bound socket. It looks nothing up, since all its addresses are numbers: so a datagram leaves
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
  const listening = once(socket, 'listening') // which may come within the call of bind
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
