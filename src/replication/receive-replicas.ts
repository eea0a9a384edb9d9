/**
 * Receives changes from other nodes: uWSGI's `udp=`.
 *
 * The receiver applies a change and does not send it on, so nodes may replicate to each other in
 * any arrangement. There is no authentication: any allowed sender can change the cache.
 */

import type { Socket } from 'node:dgram'
import type { BlockList } from 'node:net'
import {
  REPLICATION,
  type ReplicableCache,
  requireBoolean,
  requireKnownNames,
  UndercroftError,
} from '../base/index.ts'
import {
  formatAddress,
  type HostAddress,
  isInList,
  requireFunctions,
  resolveAllowList,
  resolveBindHost,
  warn,
} from '../net/index.ts'
import { parseDatagram } from '../protocols/uwsgi/index.ts'
import { bindUdp, isMulticast, parseUdpAddresses, socketError } from './udp-address.ts'

/** Options of `receiveReplicas`. */
export interface ReceiveOptions {
  /** Where to listen, as `host:port`. A multicast group is joined. Port 0 takes any free port. */
  readonly addresses: readonly string[]
  /**
   * Allow addresses that other machines can reach. Every sender that reaches the port can change
   * everything. @default false
   */
  readonly allowPublic?: boolean | undefined
  /**
   * The senders whose datagrams are accepted: addresses and networks such as `10.0.0.0/8`. The
   * sender of a datagram can be forged, so this protects only networks that filter packets.
   * @default every sender
   */
  readonly allow?: readonly string[] | undefined
  /** Called once for each kind of refusal and failure. @default writes a process warning */
  readonly onLog?: ((line: string) => void) | undefined
}

/** What a receiver has received so far, in datagrams. */
export interface ReceiveCounts {
  readonly received: number
  /** Changes made, including deletes of items that were not there. */
  readonly applied: number
  /** Datagrams that were malformed, from other senders, too large, or without room here. */
  readonly refused: number
}

/** A running receiver; made by {@link receiveReplicas}. */
export interface ReplicaReceiver {
  /** The addresses listened on, with real port numbers. */
  readonly addresses: readonly string[]
  readonly counts: ReceiveCounts
  /** Stops listening. May be called again. */
  close(): void
  /** The same as {@link ReplicaReceiver.close}. */
  [Symbol.dispose](): void
}

/**
 * Applies the changes that other nodes send, undercroft or uWSGI.
 *
 * @param cache - The cache to change. It stays open.
 * @param options - The addresses, and their limits.
 * @returns The receiver, once it listens on every address.
 * @throws UndercroftError `UNDERCROFT_OPTION_INVALID` for bad options, addresses without a port,
 * and those that other machines reach without `allowPublic`; `UNDERCROFT_SYSTEM` when one cannot
 * be bound.
 *
 * @example
 * using receiver = await receiveReplicas(cache, { addresses: ['127.0.0.1:3032'] })
 */
export async function receiveReplicas(
  cache: ReplicableCache,
  options: ReceiveOptions,
): Promise<ReplicaReceiver> {
  requireKnownNames('receiveReplicas', options, RECEIVE_OPTIONS)
  const addresses = parseUdpAddresses('addresses', options.addresses)
  const allowPublic = requireBoolean('allowPublic', options.allowPublic ?? false)
  const { onLog = warn } = options
  requireFunctions({ onLog })
  const receiver = new UdpReceiver(cache, resolveAllowList('allow', options.allow), onLog)
  try {
    for (const address of addresses) await receiver.listen(address, allowPublic)
  } catch (error) {
    receiver.close()
    throw error
  }
  return receiver
}

const RECEIVE_OPTIONS: Readonly<Record<keyof ReceiveOptions, true>> = {
  addresses: true,
  allowPublic: true,
  allow: true,
  onLog: true,
}

class UdpReceiver implements ReplicaReceiver {
  readonly addresses: string[] = []
  readonly counts = { received: 0, applied: 0, refused: 0 }
  readonly #cache: ReplicableCache
  readonly #allow: BlockList | undefined
  readonly #onLog: (line: string) => void
  readonly #sockets: Socket[] = []
  readonly #reported = new Set<string>()

  constructor(cache: ReplicableCache, allow: BlockList | undefined, onLog: (line: string) => void) {
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
    if (this.#allow !== undefined && !isInList(this.#allow, sender)) {
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

  /** The item here is older than that of the other node, so it must not stay. */
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
