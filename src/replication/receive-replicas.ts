/**
 * Taking the changes that other nodes tell of: uWSGI's `udp=`.
 *
 * What comes is applied, never sent on, so nodes may tell each other in any arrangement. There is
 * no authentication: whoever reaches the address, as one of those allowed, can change the cache.
 */

import type { Socket } from 'node:dgram'
import {
  invalidOption,
  REPLICATION,
  type ReplicableCache,
  requireBoolean,
  requireKnownNames,
  UndercroftError,
} from '../base/index.ts'
import { AddressList, type HostAddress, resolveBindHost } from '../net/index.ts'
import { formatAddress, parseDatagram } from '../protocols/uwsgi/index.ts'
import { bindUdp, isMulticast, parseUdpAddresses, socketError } from './udp-address.ts'

/** Options of `receiveReplicas`. */
export interface ReceiveOptions {
  /** Where to listen, as `host:port`. A multicast group is joined. Port 0 takes any free port. */
  readonly addresses: readonly string[]
  /**
   * Allow addresses that other machines can reach; whoever does can change everything.
   * @default false
   */
  readonly allowPublic?: boolean
  /**
   * Whose datagrams are taken: addresses and networks such as `10.0.0.0/8`. Others are refused.
   * The sender of a datagram can be forged, so this does not protect where any packet comes in.
   * @default everybody's
   */
  readonly allow?: readonly string[]
  /** Told once of each kind of refusal and failure. @default writes a process warning */
  readonly onLog?: (line: string) => void
}

/** What came so far, in datagrams. */
export interface ReceiveCounts {
  readonly received: number
  /** Changes made, deletes of what was not there included. */
  readonly applied: number
  /** Malformed, of senders not allowed, for another cache's sizes, or without room here. */
  readonly refused: number
}

/** A running receiver; made by {@link receiveReplicas}. */
export interface ReplicaReceiver {
  /** As listened on, with real port numbers. */
  readonly addresses: readonly string[]
  readonly counts: ReceiveCounts
  /** Listens no more. May be called again. */
  close(): void
  /** The same as {@link ReplicaReceiver.close}. */
  [Symbol.dispose](): void
}

/**
 * Applies the changes that other nodes send, ours or uWSGI's.
 *
 * @param cache - The cache to change. It stays open.
 * @param options - Where to listen.
 * @returns The receiver, once it listens on every address.
 * @throws UndercroftError `UNDERCROFT_OPTION_INVALID` for bad options, addresses without a port,
 * and those that other machines reach without `allowPublic`; `UNDERCROFT_SYSTEM` when one cannot
 * be had.
 *
 * @example
 * using receiver = await receiveReplicas(cache, { addresses: ['127.0.0.1:3032'] })
 */
export async function receiveReplicas(
  cache: ReplicableCache,
  options: ReceiveOptions,
): Promise<ReplicaReceiver> {
  requireKnownNames('receiveReplicas', options, RECEIVE_OPTION_NAMES)
  const addresses = parseUdpAddresses('addresses', options.addresses)
  const allowPublic = requireBoolean('allowPublic', options.allowPublic ?? false)
  const { onLog = warn } = options
  if (typeof onLog !== 'function') throw invalidOption('onLog', 'a function', onLog)
  const receiver = new UdpReceiver(cache, AddressList.parse('allow', options.allow), onLog)
  try {
    for (const address of addresses) await receiver.listen(address, allowPublic)
  } catch (error) {
    receiver.close()
    throw error
  }
  return receiver
}

const RECEIVE_OPTION_NAMES: readonly (keyof ReceiveOptions)[] = [
  'addresses',
  'allowPublic',
  'allow',
  'onLog',
]

class UdpReceiver implements ReplicaReceiver {
  readonly addresses: string[] = []
  readonly counts = { received: 0, applied: 0, refused: 0 }
  readonly #cache: ReplicableCache
  readonly #allow: AddressList | undefined
  readonly #onLog: (line: string) => void
  readonly #sockets: Socket[] = []
  readonly #reported = new Set<string>()

  constructor(
    cache: ReplicableCache,
    allow: AddressList | undefined,
    onLog: (line: string) => void,
  ) {
    this.#cache = cache
    this.#allow = allow
    this.#onLog = onLog
  }

  async listen(address: HostAddress, allowPublic: boolean): Promise<void> {
    const host = await resolveBindHost(address, allowPublic)
    const family = host?.includes(':') ? 6 : 4
    const isGroup = host !== undefined && isMulticast(host, family)
    try {
      const where = { ...(host === undefined ? {} : { address: host }), port: address.port }
      const socket = await bindUdp(family, { ...where, reuseAddr: isGroup })
      this.#sockets.push(socket)
      if (isGroup) socket.addMembership(host)
      socket.on('message', (bytes, sender) => this.#onMessage(bytes, sender.address))
      socket.on('error', error => this.#report(error.message))
      this.addresses.push(formatAddress({ ...address, port: socket.address().port }))
    } catch (error) {
      throw socketError(`cannot listen on ${formatAddress(address)}`, error)
    }
  }

  close(): void {
    for (const socket of this.#sockets.splice(0)) socket.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #onMessage(bytes: Buffer, sender: string): void {
    this.counts.received++
    if (this.#allow?.has(sender) === false) {
      this.#refuse(`${sender} is not allowed`)
      return
    }
    const change = parseDatagram(bytes)
    if (change === undefined) {
      this.#refuse('a datagram was malformed')
      return
    }
    try {
      if (this.#cache[REPLICATION].apply(change) || change.kind === 'delete') this.counts.applied++
      else this.#refuseSet(change.key, 'the cache is full')
    } catch (error) {
      const code = error instanceof UndercroftError ? error.code : undefined
      if (code === 'UNDERCROFT_VALUE_TOO_LARGE') this.#refuseSet(change.key, code)
      else this.#refuse(code ?? String(error))
    }
  }

  /** What was there is older than what the other node has now, so it must not stay. */
  #refuseSet(key: Buffer, reason: string): void {
    this.#refuse(reason)
    this.#cache[REPLICATION].apply({ kind: 'delete', key })
  }

  #refuse(reason: string): void {
    this.counts.refused++
    this.#report(`unable to update cache: ${reason}`)
  }

  #report(text: string): void {
    if (this.#reported.has(text) || this.#reported.size >= MAX_REPORTS) return
    this.#reported.add(text)
    this.#onLog(`[cache-udp-server] ${text}`)
  }
}

const MAX_REPORTS = 100

function warn(line: string): void {
  process.emitWarning(line)
}
