/**
 * Sends each change to other nodes, one datagram for each node, without an answer: uWSGI's `node=`.
 *
 * A value that does not fit a datagram is sent as a delete, so that no node keeps an older one.
 * uWSGI cuts the value (fault F22 in docs/reference/uwsgi-faults.md).
 */

import type { Socket } from 'node:dgram'
import {
  type CacheChange,
  REPLICATION,
  type ReplicableCache,
  requireInteger,
  requireKnownNames,
} from '../base/index.ts'
import { requireFunctions, warn } from '../net/index.ts'
import { encodeDeleteDatagram, encodeSetDatagram } from '../protocols/uwsgi/index.ts'
import { bindUdp, parseUdpAddresses, resolveTarget, type UdpTarget } from './udp-address.ts'

/** Options of `replicate`. */
export interface ReplicateOptions {
  /** Where the other nodes listen, as `host:port`. A host may be a multicast group. */
  readonly nodes: readonly string[]
  /**
   * Bytes that may wait to be sent, such as after a clear of many items. Further datagrams are not
   * sent and count as failed. @default 16777216 (16 MiB)
   */
  readonly maxQueuedSize?: number | undefined
  /** Called once for each kind of failure. @default writes a process warning */
  readonly onLog?: ((line: string) => void) | undefined
}

/** What a replication has sent so far. */
export interface ReplicationCounts {
  /** Datagrams that the system accepted. */
  readonly sent: number
  /** Datagrams that the system did not accept. */
  readonly failed: number
  /** Changes whose value does not fit a datagram, sent as deletes. */
  readonly tooLarge: number
}

/** A running replication; made by {@link replicate}. */
export interface Replication {
  /** The nodes, as the option has them. */
  readonly nodes: readonly string[]
  readonly counts: ReplicationCounts
  /** Stops sending. Datagrams that wait to be sent may be lost. May be called again. */
  close(): void
  /** The same as {@link Replication.close}. */
  [Symbol.dispose](): void
}

/**
 * Sends each change made through this cache object to other nodes, undercroft or uWSGI.
 *
 * Each process that changes the cache replicates its own changes; changes of other processes are
 * not sent. Datagrams can be lost, and are not repeated.
 *
 * @param cache - The cache to follow. It stays open.
 * @param options - Where to send.
 * @returns The replication, once all nodes' names are resolved.
 * @throws UndercroftError `UNDERCROFT_OPTION_INVALID` for bad options and addresses without a port;
 * `UNDERCROFT_SYSTEM` when a host cannot be resolved.
 *
 * @example
 * using replication = await replicate(cache, { nodes: ['10.0.0.2:3032', '10.0.0.3:3032'] })
 */
export async function replicate(
  cache: ReplicableCache,
  options: ReplicateOptions,
): Promise<Replication> {
  requireKnownNames('replicate', options, REPLICATE_OPTIONS)
  const addresses = parseUdpAddresses('nodes', options.nodes)
  const maxQueuedSize = requireInteger(
    'maxQueuedSize',
    options.maxQueuedSize ?? DEFAULT_MAX_QUEUED_SIZE,
    1,
    Number.MAX_SAFE_INTEGER,
  )
  const { onLog = warn } = options
  requireFunctions({ onLog })
  const targets = await Promise.all(addresses.map(address => resolveTarget('nodes', address)))
  const sockets = new Map<4 | 6, Socket>()
  for (const family of new Set(targets.map(target => target.family))) {
    const socket = await bindUdp(family, { port: 0 })
    socket.unref()
    socket.on('error', error => onLog(`[cache-udp-node] ${error.message}`))
    sockets.set(family, socket)
  }
  return new UdpReplication(cache, { targets, sockets, maxQueuedSize, onLog })
}

const DEFAULT_MAX_QUEUED_SIZE = 16 * 1024 * 1024

const REPLICATE_OPTIONS: Readonly<Record<keyof ReplicateOptions, true>> = {
  nodes: true,
  maxQueuedSize: true,
  onLog: true,
}

interface ReplicationContext {
  readonly targets: readonly UdpTarget[]
  readonly sockets: ReadonlyMap<4 | 6, Socket>
  readonly maxQueuedSize: number
  readonly onLog: (line: string) => void
}

class UdpReplication implements Replication {
  readonly nodes: readonly string[]
  readonly counts = { sent: 0, failed: 0, tooLarge: 0 }
  readonly #context: ReplicationContext
  readonly #stopObserving: () => void
  readonly #reported = new Set<string>()
  #isClosed = false

  constructor(cache: ReplicableCache, context: ReplicationContext) {
    this.#context = context
    this.nodes = context.targets.map(target => target.text)
    this.#stopObserving = cache[REPLICATION].observe(change => this.#onChange(change))
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#stopObserving()
    for (const socket of this.#context.sockets.values()) socket.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #onChange(change: CacheChange): void {
    const datagram = this.#encode(change)
    if (datagram === undefined) {
      this.counts.failed += this.#context.targets.length
      this.#report(
        'key',
        'a key does not fit a datagram; its change is not sent to the other nodes',
      )
      return
    }
    for (const target of this.#context.targets) this.#send(datagram, target)
  }

  #encode(change: CacheChange): Buffer | undefined {
    if (change.kind === 'delete') return encodeDeleteDatagram(change.key)
    // uWSGI's protocol has no empty values.
    const isEmpty = change.value.length === 0
    const set = isEmpty
      ? undefined
      : encodeSetDatagram(change.key, change.value, change.expiresAtMs, change.type)
    if (set !== undefined) return set
    if (!isEmpty) {
      this.counts.tooLarge++
      const size = change.value.length
      this.#report('value', `a value of ${size} bytes does not fit a datagram; sent as a delete`)
    }
    return encodeDeleteDatagram(change.key)
  }

  #send(datagram: Buffer, target: UdpTarget): void {
    const socket = this.#context.sockets.get(target.family)
    if (socket === undefined) return
    if (socket.getSendQueueSize() > this.#context.maxQueuedSize) {
      this.counts.failed++
      this.#report('queue', 'too many bytes wait to be sent; some changes are lost')
      return
    }
    socket.send(datagram, target.port, target.host, error => {
      if (error === null) {
        this.counts.sent++
        return
      }
      this.counts.failed++
      this.#report(`${target.text} ${error.message}`, `${target.text}: ${error.message}`)
    })
  }

  #report(kind: string, text: string): void {
    if (this.#reported.has(kind) || this.#reported.size >= MAX_REPORTS) return
    this.#reported.add(kind)
    this.#context.onLog(`[cache-udp-node] ${text}`)
  }
}

const MAX_REPORTS = 100
