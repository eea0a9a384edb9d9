/**
 * Ordinary requests of the uwsgi protocol, put into a Node HTTP server as if they had come by HTTP.
 */

import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { UwsgiRequest } from '../../server/uwsgi/index.ts'
import { RequestConnection } from './request-connection.ts'
import { formatRequestHead } from './request-head.ts'
import { restrictAnswer } from './uwsgi-answer.ts'

/**
 * What `serveCaches` takes as `onRequest`: each request becomes a connection of `server`, which
 * need not listen anywhere. Its `maxHeaderSize` should be larger than the packets are allowed to
 * be, or it answers 431.
 */
export function takeRequests(
  server: Server,
  onLog: (line: string) => void,
): (request: UwsgiRequest) => void {
  server.prependListener('request', (request, response) => {
    const connection: Duplex = request.socket
    if (connection instanceof RequestConnection) restrictAnswer(response)
  })
  return request => {
    const { variables, socket, early, socketTimeoutMs } = request
    const read = formatRequestHead(variables)
    if ('problem' in read) {
      onLog(`invalid uwsgi request: ${read.problem}`)
      refuse(socket, socketTimeoutMs)
      return
    }
    const facts = { ...read, variables: new Map(variables), early, socketTimeoutMs }
    server.emit('connection', new RequestConnection(socket, facts))
  }
}

const BAD_REQUEST = 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n'

/** Answers, and waits for the peer to close, but not for long. */
function refuse(socket: Socket, timeoutMs: number): void {
  socket.resume().end(BAD_REQUEST)
  const timer = setTimeout(() => socket.destroy(), timeoutMs)
  socket.once('end', () => socket.destroySoon())
  socket.once('close', () => clearTimeout(timer))
}
