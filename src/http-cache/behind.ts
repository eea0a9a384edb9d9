/**
 * Asking a Node listener without a client: a request and a response on a connection that leads
 * nowhere.
 */

import { IncomingMessage, ServerResponse } from 'node:http'
import { Duplex } from 'node:stream'

/** What applications ask a connection for. */
const SOCKET_FACTS = ['remoteAddress', 'remotePort', 'remoteFamily', 'localAddress', 'localPort']

/** Takes whatever is written, and has nothing to read. */
class Nowhere extends Duplex {
  override _read(): void {}

  override _write(_chunk: unknown, _encoding: string, callback: () => void): void {
    callback()
  }
}

/** The same request once more, as another client of the same address would make it. */
export function makeBehind(message: IncomingMessage): {
  readonly request: IncomingMessage
  readonly response: ServerResponse
} {
  const socket = new Nowhere()
  for (const name of [...SOCKET_FACTS, 'encrypted']) {
    const value = (message.socket as unknown as Record<string, unknown>)[name]
    Object.defineProperty(socket, name, { value })
  }
  // A Duplex is what these two need of a Socket, and all that they get in tests of Node itself.
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
