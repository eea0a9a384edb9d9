/**
 * Asking a Node listener without a client: a request and a response on a connection that leads
 * nowhere.
 */

import { IncomingMessage, ServerResponse } from 'node:http'
import { Duplex } from 'node:stream'

/** The properties that applications read from a connection. */
const SOCKET_FACTS = ['remoteAddress', 'remotePort', 'remoteFamily', 'localAddress', 'localPort']

/** A connection that discards everything that is written, and has nothing to read. */
class DiscardingConnection extends Duplex {
  override _read(): void {}

  override _write(_chunk: unknown, _encoding: string, callback: () => void): void {
    callback()
  }
}

/** Returns the same request once more, as another client of the same address would send it. */
export function createBackgroundExchange(message: IncomingMessage): {
  readonly request: IncomingMessage
  readonly response: ServerResponse
} {
  const socket = new DiscardingConnection()
  for (const name of [...SOCKET_FACTS, 'encrypted']) {
    const value = (message.socket as unknown as Record<string, unknown>)[name]
    Object.defineProperty(socket, name, { value })
  }
  // Both constructors need only a Duplex of a Socket. Node's own tests pass them one as well.
  const request = new IncomingMessage(socket as unknown as IncomingMessage['socket'])
  request.method = message.method
  request.url = message.url
  request.httpVersion = message.httpVersion
  request.httpVersionMajor = message.httpVersionMajor
  request.httpVersionMinor = message.httpVersionMinor
  request.rawHeaders = [...message.rawHeaders]
  request.headers = { ...message.headers }
  request.complete = true
  request.push(null)
  const response = new ServerResponse(request)
  response.assignSocket(socket as unknown as IncomingMessage['socket'])
  response.once('finish', () => socket.destroy())
  return { request, response }
}
