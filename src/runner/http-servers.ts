/**
 * The HTTP servers of a worker: one for each address, all with the same listener.
 */

import { createServer, type RequestListener, type Server } from 'node:http'
import { type Socket, Server as SocketServer } from 'node:net'
import type { HttpLimits } from './sockets/plan-sockets.ts'
import type { RequestWatch } from './workers/request-watch.ts'
import type { ScoreboardEntry } from './workers/scoreboard.ts'

/**
 * Time that a connection without a request stays open in a draining worker. Its client may be about
 * to send a request, and would see an error if the connection closed at that moment.
 */
export const LAST_REQUEST_MS = 1_000

/** The default of Node.js. Shorter timeouts are enforced at a shorter interval. */
const MAX_CHECK_INTERVAL_MS = 30_000

export class HttpServers {
  readonly #servers: Server[] = []
  readonly #listener: RequestListener
  readonly #maxHeaderSize: number
  readonly #limits: HttpLimits
  readonly #watch: RequestWatch
  readonly #entry: ScoreboardEntry
  readonly #connections = new Set<Socket>()
  #whenGone: () => void = () => {}

  constructor(
    listener: RequestListener,
    options: {
      maxHeaderSize: number
      limits: HttpLimits
      watch: RequestWatch
      entry: ScoreboardEntry
    },
  ) {
    this.#listener = requireOneHost(listener)
    this.#maxHeaderSize = options.maxHeaderSize
    this.#limits = options.limits
    this.#watch = options.watch
    this.#entry = options.entry
  }

  /** Serves the socket that has this descriptor in the master. */
  async listen(fileDescriptor: number): Promise<void> {
    const { headersTimeoutMs, requestTimeoutMs, maxConnections } = this.#limits
    const options = {
      maxHeaderSize: this.#maxHeaderSize,
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      connectionsCheckingInterval: Math.min(headersTimeoutMs / 2, MAX_CHECK_INTERVAL_MS),
    }
    const server = createServer(options, this.#listener)
    server.maxConnections = maxConnections
    server.on('connection', socket => this.#keep(socket))
    this.#servers.push(server)
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ fd: fileDescriptor }, () => {
        server.off('error', reject)
        resolve()
      })
    })
  }

  /**
   * Accepts no more connections; resolves when the last connection has received its last response
   * and is closed.
   */
  async drain(): Promise<void> {
    // `http.Server` itself would close idle connections at once, before their clients know.
    for (const server of this.#servers) SocketServer.prototype.close.call(server)
    const gone = new Promise<void>(resolve => {
      this.#whenGone = resolve
      if (this.#connections.size === 0) resolve()
    })
    const timer = setInterval(() => this.#endIdle(), LAST_REQUEST_MS)
    await Promise.all([gone, this.#watch.drain()])
    clearInterval(timer)
  }

  #keep(socket: Socket): void {
    this.#connections.add(socket)
    socket.once('close', () => {
      this.#connections.delete(socket)
      this.#entry.add('sentBytes', socket.bytesWritten)
      if (this.#connections.size === 0) this.#whenGone()
    })
  }

  /**
   * Runs repeatedly, because a response that began before the drain may leave its connection open.
   */
  #endIdle(): void {
    const busy = new Set(this.#watch.responses.map(response => response.socket))
    for (const socket of this.#connections) {
      if (!busy.has(socket)) socket.destroySoon()
    }
  }
}

/**
 * RFC 9112, section 3.2: a request with more than one Host field is answered with 400. Node.js
 * itself would use the first field, and a proxy in front may have used another.
 */
function requireOneHost(listener: RequestListener): RequestListener {
  return (request, response) => {
    if (hasTwoHosts(request.rawHeaders)) {
      response.writeHead(400, { connection: 'close', 'content-length': 0 }).end()
      return
    }
    return listener(request, response)
  }
}

/** `rawHeaders` alternates names and values; the length rules out nearly every other name. */
function hasTwoHosts(rawHeaders: readonly string[]): boolean {
  let count = 0
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index]
    if (name.length === 4 && name.toLowerCase() === 'host') count++
  }
  return count > 1
}
