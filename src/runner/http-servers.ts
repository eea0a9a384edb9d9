/**
 * The HTTP servers of a worker: one for each address, all with the same listener.
 */

import { createServer, type RequestListener, type Server } from 'node:http'
import { createSecureServer, type Http2Session } from 'node:http2'
import { createServer as createHttpsServer } from 'node:https'
import { type Socket, Server as SocketServer } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { hasTwoHosts, type Upgrades } from './apps/index.ts'
import { EvenAcceptor } from './sockets/even-acceptor.ts'
import type { HttpLimits } from './sockets/plan-sockets.ts'
import type { TlsMaterial } from './sockets/tls.ts'
import type { RequestWatch } from './workers/request-watch.ts'
import type { ScoreboardEntry } from './workers/scoreboard.ts'

/**
 * Time that a connection without a request stays open in a draining worker. Its client may be about
 * to send a request, and would see an error if the connection closed at that moment.
 */
export const LAST_REQUEST_MS = 1_000

/** The default of Node.js. Shorter timeouts are enforced at a shorter interval. */
const MAX_CHECK_INTERVAL_MS = 30_000

/** What all HTTP servers of a worker share. */
export interface HttpServing {
  readonly maxHeaderSize: number
  readonly limits: HttpLimits
  readonly watch: RequestWatch
  readonly entry: ScoreboardEntry
  /** Undefined: the application is not an `http.Server`. */
  readonly upgrades: Upgrades | undefined
  /** Whether HTTPS clients may choose HTTP/2. */
  readonly isHttp2: boolean
}

export class HttpServers {
  readonly #servers: Server[] = []
  readonly #acceptors: EvenAcceptor[] = []
  readonly #listener: RequestListener
  readonly #serving: HttpServing
  readonly #connections = new Set<Socket>()
  readonly #sessions = new Set<Http2Session>()
  /** Of acceptors, also those that have not finished their TLS handshake. */
  #acceptedCount = 0
  #whenGone: () => void = () => {}

  constructor(listener: RequestListener, serving: HttpServing) {
    this.#listener = requireOneHost(listener)
    this.#serving = serving
  }

  /**
   * Serves the socket that has this descriptor in the master.
   * @param tls - undefined: plain HTTP
   * @param listener - instead of that of all servers
   */
  async listen(
    fileDescriptor: number,
    tls: TlsMaterial | undefined,
    listener: RequestListener = this.#listener,
  ): Promise<void> {
    const { limits, upgrades } = this.#serving
    const server = this.#createServer(tls, listener)
    server.maxConnections = limits.maxConnections
    upgrades?.attach(server)
    this.#servers.push(server)
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ fd: fileDescriptor }, () => {
        server.off('error', reject)
        resolve()
      })
    })
    this.#acceptEvenly(server)
  }

  /**
   * Accepts no more connections; resolves when the last connection has received its last response
   * and is closed.
   */
  async drain(): Promise<void> {
    this.#serving.entry.write('isAccepting', 0)
    for (const acceptor of this.#acceptors) acceptor.close()
    for (const server of this.#servers) stopListening(server)
    const gone = new Promise<void>(resolve => {
      this.#whenGone = resolve
      this.#checkGone()
    })
    const timer = setInterval(() => this.#endIdle(), LAST_REQUEST_MS)
    // Finishes the streams that have begun; the client opens no more.
    for (const session of this.#sessions) session.close()
    await Promise.all([gone, this.#serving.watch.drain()])
    clearInterval(timer)
  }

  #acceptEvenly(server: Server): void {
    const { entry } = this.#serving
    const acceptor = EvenAcceptor.replace(
      server,
      () => stopListening(server),
      () => entry.connectionLead(),
      socket => this.#passOn(socket, server),
    )
    if (acceptor === undefined) return
    this.#acceptors.push(acceptor)
    entry.write('isAccepting', 1)
  }

  #passOn(socket: Socket, server: Server): void {
    const { entry, limits } = this.#serving
    if (this.#acceptedCount >= limits.maxConnections) {
      socket.destroy()
      return
    }
    entry.write('connections', ++this.#acceptedCount)
    socket.once('close', () => entry.write('connections', --this.#acceptedCount))
    server.emit('connection', socket)
  }

  #createServer(tls: TlsMaterial | undefined, listener: RequestListener): Server {
    const { limits, maxHeaderSize, isHttp2 } = this.#serving
    const { headersTimeoutMs, requestTimeoutMs } = limits
    const options = {
      maxHeaderSize,
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      connectionsCheckingInterval: Math.min(headersTimeoutMs / 2, MAX_CHECK_INTERVAL_MS),
    }
    if (tls === undefined) {
      const server = createServer(options, listener)
      server.on('connection', socket => this.#keep(socket))
      return server
    }
    const server = isHttp2
      ? createSecureServer({ ...options, ...tls, allowHTTP1: true })
      : createHttpsServer({ ...options, ...tls })
    // These timeouts are not among the options of an HTTP/2 server.
    Object.assign(server, { headersTimeout: headersTimeoutMs, requestTimeout: requestTimeoutMs })
    server.on('secureConnection', (socket: TLSSocket) => {
      if (socket.alpnProtocol !== 'h2') this.#keep(socket)
    })
    server.on('session', (session: Http2Session) => this.#keepSession(session))
    // HTTP/2 has classes of its own with the methods of those of HTTP/1.
    return server.on('request', listener as never) as unknown as Server
  }

  #keep(socket: Socket): void {
    this.#connections.add(socket)
    socket.once('close', () => {
      this.#connections.delete(socket)
      this.#serving.entry.add('sentBytes', socket.bytesWritten)
      this.#checkGone()
    })
  }

  #keepSession(session: Http2Session): void {
    this.#sessions.add(session)
    session.once('close', () => {
      this.#sessions.delete(session)
      this.#checkGone()
    })
  }

  #checkGone(): void {
    if (this.#connections.size === 0 && this.#sessions.size === 0) this.#whenGone()
  }

  /**
   * Runs repeatedly, because a response that began before the drain may leave its connection open.
   */
  #endIdle(): void {
    const busy = new Set(this.#serving.watch.responses.map(response => response.socket))
    for (const socket of this.#connections) {
      if (!busy.has(socket)) socket.destroySoon()
    }
  }
}

/** `http.Server` itself would close idle connections at once, before their clients know. */
function stopListening(server: Server): void {
  SocketServer.prototype.close.call(server)
}

function requireOneHost(listener: RequestListener): RequestListener {
  return (request, response) => {
    if (hasTwoHosts(request.rawHeaders)) {
      response.writeHead(400, { connection: 'close', 'content-length': 0 }).end()
      return
    }
    return listener(request, response)
  }
}
