/**
 * The short way for clients that connect for each request: accept, read, answer, close, each one
 * system call, without a socket of node:net.
 *
 * Only a request that arrives whole, and whose reply the system takes at once, goes this way. Any
 * other connection becomes a socket of node:net and continues with the bytes that were read here.
 * So this class waits only for first bytes.
 */

import { type Server, Socket } from 'node:net'
import { systemClock, UndercroftError } from '../../base/index.ts'
import { type AddressCounts, descriptorOf, SOCKET_OPTIONS } from '../../net/index.ts'
import { type DirectListener, listenDirectly } from '../../platform/index.ts'
import {
  type CacheCommand,
  HEADER_SIZE,
  MODIFIER1_CACHE,
  MODIFIER2_MAGIC,
  parseCacheCommand,
  parseHeader,
} from '../../protocols/uwsgi/index.ts'
import { checkCommand, encodeOutcome, runCommand } from './cache-commands.ts'
import type { Connection } from './connection.ts'
import { isInspection } from './inspection.ts'
import type { ConnectionContext } from './open-connection.ts'

export interface DirectOptions {
  readonly context: ConnectionContext
  /** Whether the server takes no more connections now. */
  readonly isFull: () => boolean
  /** The connections of each client. */
  readonly clients: AddressCounts
  /** Undefined: there is no room for the connection, and its socket was destroyed. */
  readonly adopt: (socket: Socket) => Connection | undefined
}

/** Connections accepted in a row, so that those that stay open get their turn. */
const MAX_ACCEPTS_IN_TURN = 64

/** Longer requests become sockets; for them that costs little. */
const RECEIVE_SIZE = 65_536

/** How long the acceptor pauses after descriptors or memory ran out. */
const EXHAUSTED_PAUSE_MS = 100

/** A connection without a byte so far. */
interface Silence {
  /** The moment its time ends. */
  readonly atMs: number
  /** Counts the connection as closed, or as adopted. */
  readonly release: () => void
}

export class DirectAcceptor {
  readonly #listener: DirectListener
  readonly #options: DirectOptions
  /** Used within one call only. */
  readonly #received = Buffer.allocUnsafeSlow(RECEIVE_SIZE)
  /** Connections without a byte so far and the moments their time ends, the earliest first. */
  readonly #silent = new Map<number, Silence>()
  #silenceTimer: NodeJS.Timeout | undefined
  #restartTimer: NodeJS.Timeout | undefined

  private constructor(listener: DirectListener, options: DirectOptions) {
    this.#listener = listener
    this.#options = options
    listener.start(this.#onReadable)
  }

  /** Takes over from a server that listens. Undefined: impossible here; the server continues. */
  static replace(server: Server, options: DirectOptions): DirectAcceptor | undefined {
    const descriptor = descriptorOf(server)
    const listener = descriptor === undefined ? undefined : listenDirectly(descriptor, true)
    if (listener === undefined) return undefined
    server.close()
    return new DirectAcceptor(listener, options)
  }

  /** Connections that have sent nothing yet. All others are adopted or over. */
  get connectionCount(): number {
    return this.#silent.size
  }

  /** Stops listening. Silent connections are adopted: their request may be on its way. */
  close(): void {
    clearTimeout(this.#silenceTimer)
    clearTimeout(this.#restartTimer)
    this.#listener.close()
    for (const connection of this.#silent.keys()) {
      this.#endWait(connection)
      this.#handOver(connection, NOTHING)
    }
  }

  readonly #onReadable = (): void => {
    if (this.#silent.size > 0) {
      for (const connection of this.#listener.takeReadable()) {
        const isOurs = this.#endWait(connection) // unless this was closed meanwhile
        if (isOurs && !this.#read(connection)) this.#handOver(connection, NOTHING)
      }
    }
    for (let count = 0; count < MAX_ACCEPTS_IN_TURN; count++) {
      const accepted = this.#listener.accept()
      if (accepted === 'none') return
      if (accepted === 'exhausted') {
        this.#pause()
        return
      }
      if (accepted === 'failed') continue
      const { isFull, clients } = this.#options
      const peer = this.#listener.peerAddress()
      if (isFull() || !clients.hasRoom(peer)) this.#listener.closeConnection(accepted)
      else if (!this.#read(accepted)) this.#awaitBytes(accepted, peer)
    }
  }

  /** False: there is not a byte yet. */
  #read(connection: number): boolean {
    const size = this.#listener.receive(connection, this.#received)
    if (size === undefined) return false
    if (size === 0) this.#listener.closeConnection(connection)
    else this.#answer(connection, Buffer.from(this.#received.subarray(0, size)))
    return true
  }

  #answer(connection: number, bytes: Buffer): void {
    const command = parseFirstCommand(bytes, this.#options.context)
    if (command === undefined) {
      this.#handOver(connection, bytes)
      return
    }
    const body = bytes.subarray(HEADER_SIZE + parseHeader(bytes).packetSize)
    if (command.keep || command.bodySize !== body.length || isInspection(command.name)) {
      this.#handOver(connection, NOTHING)?.begin(command, body)
      return
    }
    let reply: readonly Uint8Array[]
    try {
      reply = answerOnce(command, body, this.#options.context)
    } catch (error) {
      this.#fail(connection, error)
      return
    }
    this.#reply(connection, reply)
  }

  #reply(connection: number, reply: readonly Uint8Array[]): void {
    const [bytes, body] = reply
    if (bytes === undefined) {
      this.#listener.closeConnection(connection)
      return
    }
    const sentSize = body === undefined ? this.#listener.send(connection, bytes) : 0
    const rest = body === undefined ? [bytes.subarray(sentSize)] : reply
    if (sentSize === bytes.length) this.#listener.closeConnection(connection)
    else this.#handOver(connection, NOTHING)?.finish(rest)
  }

  /** Makes the descriptor a socket, with the bytes that were read from it. */
  #handOver(connection: number, bytes: Uint8Array): Connection | undefined {
    const socket = this.#socketOf(connection)
    if (socket === undefined) return undefined
    if (bytes.length > 0) socket.unshift(bytes)
    return this.#options.adopt(socket)
  }

  #socketOf(connection: number): Socket | undefined {
    try {
      const owner = { fd: connection, readable: true, writable: true }
      return new Socket({ ...SOCKET_OPTIONS, ...owner }).setNoDelay(SOCKET_OPTIONS.noDelay)
    } catch (error) {
      this.#fail(connection, error)
      return undefined
    }
  }

  #fail(connection: number, error: unknown): void {
    this.#options.context.reportError(error instanceof Error ? error : new Error(String(error)))
    this.#listener.closeConnection(connection)
  }

  #awaitBytes(connection: number, peer: string): void {
    const limitMs = this.#options.context.limits.socketTimeoutMs
    const release = this.#options.clients.add(peer)
    this.#silent.set(connection, { atMs: systemClock.elapsedMs() + limitMs, release })
    this.#silenceTimer ??= setTimeout(this.#endSilence, limitMs)
    this.#listener.watch(connection)
  }

  /** @returns whether the connection was waiting */
  #endWait(connection: number): boolean {
    this.#silent.get(connection)?.release()
    return this.#silent.delete(connection)
  }

  readonly #endSilence = (): void => {
    const nowMs = systemClock.elapsedMs()
    this.#silenceTimer = undefined
    for (const [connection, { atMs }] of this.#silent) {
      if (atMs > nowMs) {
        this.#silenceTimer = setTimeout(this.#endSilence, atMs - nowMs)
        return
      }
      this.#endWait(connection)
      this.#listener.closeConnection(connection)
    }
  }

  #pause(): void {
    this.#listener.stop()
    this.#restartTimer = setTimeout(
      () => this.#listener.start(this.#onReadable),
      EXHAUSTED_PAUSE_MS,
    )
    this.#options.context.reportError(
      new UndercroftError('UNDERCROFT_SYSTEM', 'no descriptors or memory left for connections'),
    )
  }
}

const NOTHING = Buffer.alloc(0)

/**
 * Parses the command that these bytes begin with. Only modifier2 17: the other commands are
 * nginx's, which may send a client's body after the packet.
 *
 * @returns undefined for bytes that do not begin with a whole and valid command.
 */
function parseFirstCommand(bytes: Buffer, context: ConnectionContext): CacheCommand | undefined {
  const { limits, budget, caches } = context
  if (bytes.length < HEADER_SIZE || bytes.length > budget.left) return undefined
  const { modifier1, packetSize, modifier2 } = parseHeader(bytes)
  if (modifier1 !== MODIFIER1_CACHE || modifier2 !== MODIFIER2_MAGIC) return undefined
  const packetEnd = HEADER_SIZE + packetSize
  if (packetSize > limits.bufferSize || packetEnd > bytes.length) return undefined
  return parseCacheCommand(bytes, HEADER_SIZE, packetEnd, caches.names)
}

/** @returns the reply after which the connection closes. */
function answerOnce(
  command: CacheCommand,
  body: Buffer,
  context: ConnectionContext,
): readonly Uint8Array[] {
  const outcome = checkCommand(command, context) ?? runCommand(command, body, context)
  const maxBodySize = context.budget.left
  return encodeOutcome(outcome, { explicit: false, stays: false, maxBodySize })
}
