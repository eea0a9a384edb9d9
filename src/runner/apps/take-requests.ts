/**
 * Requests of the uwsgi protocol, passed to a Node HTTP server as if they had arrived by HTTP.
 */

import type { OutgoingHttpHeader, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { UwsgiRequest } from '../../server/uwsgi/index.ts'
import { RequestConnection } from './request-connection.ts'
import { formatRequestHead } from './request-head.ts'

/**
 * Makes the `onRequest` of `serveCaches`: each request becomes a connection of `server`, which need
 * not listen anywhere. The server's `maxHeaderSize` should exceed the largest allowed packet, or it
 * answers 431.
 */
export function takeRequests(
  server: Server,
  onLog: (line: string) => void,
): (request: UwsgiRequest) => void {
  server.prependListener('request', (request, response) => {
    const connection: Duplex = request.socket
    if (connection instanceof RequestConnection) restrictResponse(response)
  })
  return request => {
    const { variables, socket, early, socketTimeoutMs } = request
    const read = formatRequestHead(variables, server.listenerCount('upgrade') > 0)
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

/** Answers, then waits a limited time for the peer to close. */
function refuse(socket: Socket, timeoutMs: number): void {
  socket.resume().end(BAD_REQUEST)
  const timer = setTimeout(() => socket.destroy(), timeoutMs)
  socket.once('end', () => socket.destroySoon())
  socket.once('close', () => clearTimeout(timer))
}

/**
 * Makes the response skip what an app may say by HTTP but not by the uwsgi protocol, which has one
 * response for each connection, without framing and without interim responses. nginx would pass all
 * of that on as part of the page.
 *
 * The methods are replaced on the object. A subclass would lose them under Express, which sets
 * the prototype of each response.
 */
function restrictResponse(response: ServerResponse): void {
  const setHeader = response.setHeader.bind(response)
  const appendHeader = response.appendHeader.bind(response)
  const { writeHead } = response
  Object.assign(response, {
    setHeader: (name: string, value: OutgoingHttpHeader) =>
      isOfConnection(name) ? response : setHeader(name, value),
    appendHeader: (name: string, value: string | readonly string[]) =>
      isOfConnection(name) ? response : appendHeader(name, value),
    writeHead: (...args: readonly unknown[]) =>
      Reflect.apply(writeHead, response, args.map(withoutConnection)),
    ...Object.fromEntries(INTERIM_METHODS.map(name => [name, skip])),
  })
}

/** `Transfer-Encoding: chunked` would make Node frame the body; `Connection` would keep it open. */
const CONNECTION_FIELDS: ReadonlySet<string> = new Set([
  'transfer-encoding',
  'connection',
  'keep-alive',
])

/** Node's methods that send a status 1xx immediately. */
const INTERIM_METHODS = [
  'writeContinue',
  'writeProcessing',
  'writeEarlyHints',
  'writeInformation',
] as const

function isOfConnection(name: unknown): boolean {
  return CONNECTION_FIELDS.has(String(name).toLowerCase())
}

/** Filters fields given as an object, as pairs, or as a flat list; other arguments are kept. */
function withoutConnection(argument: unknown): unknown {
  if (Array.isArray(argument)) {
    return Array.isArray(argument[0])
      ? argument.filter(([name]) => !isOfConnection(name))
      : argument.filter((_, index) => !isOfConnection(argument[index - (index % 2)]))
  }
  if (typeof argument !== 'object' || argument === null) return argument
  return Object.fromEntries(Object.entries(argument).filter(([name]) => !isOfConnection(name)))
}

/** Sends nothing, and calls the callback, which waits for that. */
function skip(...args: readonly unknown[]): void {
  const callback = args.at(-1)
  if (typeof callback === 'function') process.nextTick(callback)
}
