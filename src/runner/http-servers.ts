/**
 * The HTTP servers of a worker: one for each address, all with the same listener.
 */

import { createServer, type RequestListener, type Server } from 'node:http'
import { type Socket, Server as SocketServer } from 'node:net'
import type { RequestWatch } from './workers/request-watch.ts'
import type { ScoreboardEntry } from './workers/scoreboard.ts'

/**
 * Time that a connection without a request stays open in a draining worker. Its client may be about
 * to send a request, and would see an error if the connection closed at that moment.
 */
export const LAST_REQUEST_MS = 1_000

export class HttpServers {
  readonly #servers: Server[] = []
  readonly #listener: RequestListener
  readonly #maxHeaderSize: number
  readonly #watch: RequestWatch
  readonly #entry: ScoreboardEntry
  readonly #connections = new Set<Socket>()
  #whenGone: () => void = () => {}

  constructor(
    listener: RequestListener,
    options: { maxHeaderSize: number; watch: RequestWatch; entry: ScoreboardEntry },
  ) {
    this.#listener = listener
    this.#maxHeaderSize = options.maxHeaderSize
    this.#watch = options.watch
    this.#entry = options.entry
  }

  /** Serves the socket that has this descriptor in the master. */
  async listen(fileDescriptor: number): Promise<void> {
    const server = createServer({ maxHeaderSize: this.#maxHeaderSize }, this.#listener)
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
