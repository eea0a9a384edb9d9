/**
 * Upgrade requests, such as those of WebSockets, on their way to an app that is an `http.Server`.
 *
 * A server without a listener of `upgrade` answers such requests like any other. So the runner's
 * servers have that listener only while the app's server has one.
 */

import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { hasTwoHosts } from './two-hosts.ts'

export class Upgrades {
  readonly #app: Server
  readonly #servers = new Set<Server>()
  readonly #open = new Set<Duplex>()
  readonly #pass = (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (hasTwoHosts(request.rawHeaders)) {
      socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')
      return
    }
    this.#open.add(socket)
    socket.once('close', () => this.#open.delete(socket))
    this.#app.emit('upgrade', request, socket, head)
  }

  constructor(app: Server) {
    this.#app = app
    // Both events come before the change or in the middle of it.
    const onChange = (event: string | symbol) => {
      if (event === 'upgrade') process.nextTick(() => this.#update())
    }
    app.on('newListener', onChange)
    app.on('removeListener', onChange)
  }

  /** Passes the upgrade requests of this server on. */
  attach(server: Server): void {
    this.#servers.add(server)
    this.#update()
  }

  /** Ends the connections that were upgraded: they are in the hands of the app and have no end. */
  end(): void {
    for (const socket of this.#open) socket.end(() => socket.destroy())
  }

  #update(): void {
    const isTaken = this.#app.listenerCount('upgrade') > 0
    for (const server of this.#servers) {
      server.off('upgrade', this.#pass)
      if (isTaken) server.on('upgrade', this.#pass)
    }
  }
}
