/**
 * The server: its listeners, the connections they accept, and their end.
 */

import { createServer, type Server, type Socket } from 'node:net'
import { type ByteCache, UndercroftError } from '../base/index.ts'
import {
  type Access,
  AddressCounts,
  Budget,
  isAdmitted,
  isOpen,
  type Listening,
  listen,
  SOCKET_OPTIONS,
} from '../net/index.ts'
import { limitLines } from './limited-log.ts'
import { type ResolvedServeOptions, resolveServeOptions, type ServeOptions } from './options.ts'
import {
  CacheSet,
  Connection,
  type ConnectionContext,
  DirectAcceptor,
  Login,
  type OpenConnection,
} from './uwsgi/index.ts'

/** A running server; made by {@link serveCaches}. */
export interface CacheServer {
  /** The addresses listened on, with real port numbers, in the order of the option `listen`. */
  readonly addresses: readonly string[]
  /** Connections that are open now. */
  readonly connectionCount: number
  /**
   * Stops accepting connections, lets requests that have begun finish within `drainTimeoutMs`,
   * closes all connections and removes socket files. The caches stay open. May be called again.
   */
  close(): Promise<void>
  /** The same as {@link CacheServer.close}. */
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Serves caches over uWSGI's cache protocol, on TCP and Unix sockets.
 *
 * The first cache is the default: requests that name no cache work on it. Without the options
 * `allow` and `secret` every peer may read and write, so listen only where you want that.
 *
 * @param caches - The caches, each with its own name. The server does not close them. The list may
 * be empty when `onRequest` takes requests.
 * @param options - Where to listen, and limits.
 * @returns The server, once it listens on every address.
 * @throws UndercroftError `UNDERCROFT_OPTION_INVALID` for bad options and for addresses that other
 * machines reach without `allowPublic`; `UNDERCROFT_SYSTEM` when an address cannot be bound.
 *
 * @example
 * await using server = await serveCaches([cache], {
 *   listen: ['127.0.0.1:3031', { address: '/run/app/cache.sock', mode: 0o660, readOnly: true }],
 * })
 */
export async function serveCaches(
  caches: readonly ByteCache[],
  options: ServeOptions = {},
): Promise<CacheServer> {
  const resolved = resolveServeOptions(options)
  if (caches.length === 0 && resolved.onRequest === undefined) {
    throw new UndercroftError('UNDERCROFT_OPTION_INVALID', 'a server needs at least one cache')
  }
  const server = new SocketServer(new CacheSet(caches), resolved)
  try {
    await server.start()
  } catch (error) {
    await server.close()
    throw error
  }
  return server
}

class SocketServer implements CacheServer {
  readonly #caches: CacheSet
  readonly #options: ResolvedServeOptions
  readonly #budget: Budget
  readonly #log: (line: string) => void
  readonly #servers: Server[] = []
  readonly #listening: Listening[] = []
  readonly #acceptors: DirectAcceptor[] = []
  readonly #connections = new Set<OpenConnection>()
  readonly #clients: AddressCounts
  #onEmpty: () => void = () => {}
  #closing: Promise<void> | undefined

  constructor(caches: CacheSet, options: ResolvedServeOptions) {
    this.#caches = caches
    this.#options = options
    this.#log = limitLines(options.onLog)
    this.#budget = new Budget(options.limits.maxBufferedSize)
    this.#clients = new AddressCounts(options.limits.maxConnectionsPerAddress)
  }

  get addresses(): readonly string[] {
    return this.#listening.map(listening => listening.address)
  }

  get connectionCount(): number {
    let count = this.#connections.size
    for (const acceptor of this.#acceptors) count += acceptor.connectionCount
    return count
  }

  async start(): Promise<void> {
    for (const listener of this.#options.listeners) {
      const { access } = listener
      const context = this.#contextFor(access)
      const adopt = (socket: Socket) => this.#adopt(socket, context)
      const accept = (socket: Socket) => void this.#accept(socket, context, access)
      const server = createServer(SOCKET_OPTIONS, isOpen(access) ? adopt : accept)
      this.#servers.push(server)
      this.#listening.push(await listen(server, listener))
      server.on('error', this.#options.onError) // such as no file descriptors left for accept
      const isFull = () => this.#isFull(context)
      if (!isOpen(access)) continue // the direct acceptor checks no address and no secret
      const acceptor = DirectAcceptor.replace(server, {
        ...{ context, isFull, adopt },
        clients: this.#clients,
      })
      if (acceptor !== undefined) this.#acceptors.push(acceptor)
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #contextFor({ readOnly, inspect }: Access): ConnectionContext {
    const { limits, onError, onRequest } = this.#options
    const shared = { caches: this.#caches, limits, budget: this.#budget }
    return { ...shared, readOnly, inspect, reportError: onError, onRequest, onLog: this.#log }
  }

  #isFull({ limits }: ConnectionContext): boolean {
    return this.#closing !== undefined || this.connectionCount >= limits.maxConnections
  }

  #hasRoom(socket: Socket, context: ConnectionContext): boolean {
    return !this.#isFull(context) && this.#clients.hasRoom(socket.remoteAddress)
  }

  /** For listeners with an allow list or a secret. */
  #accept(socket: Socket, context: ConnectionContext, access: Access): void {
    const { secret } = access
    if (!isAdmitted(access, socket)) socket.destroy()
    else if (secret === undefined || !this.#hasRoom(socket, context)) this.#adopt(socket, context)
    else {
      const serve = () => new Connection(socket, context)
      this.#keep(new Login(socket, secret, context.limits, serve), socket)
    }
  }

  /** Undefined: there is no room for the connection. */
  #adopt(socket: Socket, context: ConnectionContext): Connection | undefined {
    if (!this.#hasRoom(socket, context)) {
      socket.destroy()
      return undefined
    }
    return this.#keep(new Connection(socket, context), socket)
  }

  #keep<T extends OpenConnection>(connection: T, socket: Socket): T {
    this.#connections.add(connection)
    const release = this.#clients.add(socket.remoteAddress)
    socket.once('close', () => {
      release()
      this.#connections.delete(connection)
      if (this.#connections.size === 0) this.#onEmpty()
    })
    return connection
  }

  async #close(): Promise<void> {
    for (const acceptor of this.#acceptors) acceptor.close()
    const closed = this.#servers.map(closeServer)
    await Promise.all(this.#listening.map(listening => listening.release()))
    const { drainIdleMs, drainTimeoutMs } = this.#options.limits
    const forEach = (act: (connection: OpenConnection) => void) => {
      for (const connection of this.#connections) act(connection)
    }
    forEach(connection => connection.drain())
    if (drainIdleMs === 0) forEach(connection => connection.endIdle())
    const idleTimer = setTimeout(() => forEach(connection => connection.endIdle()), drainIdleMs)
    const timer = setTimeout(() => forEach(connection => connection.destroy()), drainTimeoutMs)
    await Promise.all([...closed, this.#untilEmpty()])
    clearTimeout(idleTimer)
    clearTimeout(timer)
  }

  #untilEmpty(): Promise<void> {
    if (this.#connections.size === 0) return Promise.resolve()
    return new Promise(resolve => {
      this.#onEmpty = resolve
    })
  }
}

/** Resolves when the last connection is gone, or at once when the server does not listen. */
function closeServer(server: Server): Promise<void> {
  return new Promise(resolve => {
    server.close(() => resolve())
  })
}
