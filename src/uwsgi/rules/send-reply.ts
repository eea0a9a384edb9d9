/**
 * Sending the answer that rules have made, or none.
 *
 * Headers are those of uWSGI: no Date, and Connection only where a rule or HTTP/1.0 wants it.
 */

import { createReadStream } from 'node:fs'
import type { ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { pipeline, Writable } from 'node:stream'
import { bodyInOnePiece, type ResponseMethods } from '../../http-message/index.ts'
import { closeFile, type OpenFile } from './open-file.ts'
import type { Reply } from './reply.ts'
import type { HeaderEdits } from './rule-context.ts'

/**
 * Sends a reply with the headers that rules add.
 *
 * @param methods - those of the response, as they were before an interception
 */
export function sendReply(
  response: ServerResponse,
  reply: Reply,
  edits: HeaderEdits | undefined,
  methods: ResponseMethods = response,
): void {
  if (reply.isRaw === true) {
    withSocket(response, socket => socket.end(Buffer.concat(reply.body), () => socket.destroy()))
    return
  }
  writeHead(response, reply, finalHeaders(reply, edits), methods)
  if (reply.file !== undefined) sendFile(response, reply.file, methods)
  else endOf(response, methods)(bodyInOnePiece(wholeOf(reply.body)), 'latin1')
}

/** Closes the connection with zero bytes, as uWSGI does when rules end without an answer. */
export function sendNothing(response: ServerResponse): void {
  withSocket(response, socket => socket.end(() => socket.destroy()))
}

function wholeOf(body: readonly Buffer[]): Buffer {
  const [only] = body
  return body.length === 1 && only !== undefined ? only : Buffer.concat(body)
}

function finalHeaders(reply: Reply, edits: HeaderEdits | undefined): string[] {
  const { headers, body, hasLength } = reply
  let all = [...headers]
  if (hasLength) all.push('Content-Length', String(sizeOf(body)))
  if (edits === undefined) return all
  const { removed, added } = edits
  if (removed.size > 0) {
    all = all.filter((_, index) => !removed.has(all[index - (index % 2)]?.toLowerCase() ?? ''))
  }
  return [...all, ...added]
}

function sizeOf(body: readonly Buffer[]): number {
  return body.reduce((size, part) => size + part.length, 0)
}

type Write = (chunk: Buffer, done: () => void) => boolean
type End = (body?: string | Buffer, coding?: string) => void

function endOf(response: ServerResponse, { end }: ResponseMethods): End {
  return (end as End).bind(response)
}

function writeHead(
  response: ServerResponse,
  reply: Reply,
  headers: string[],
  methods: ResponseMethods,
): void {
  const { statusCode, reason } = reply
  response.sendDate = false
  if (reply.isLast === true) {
    response.shouldKeepAlive = false
    response.removeHeader('Transfer-Encoding')
  }
  // HTTP/1.1 keeps a connection by default and 1.0 closes it: then the header is not needed.
  const keepsByDefault = response.req.httpVersionMinor >= 1
  const isUsual = response.shouldKeepAlive === keepsByDefault && !response.hasHeader('Connection')
  if (isUsual || reply.isLast === true) response.removeHeader('Connection')
  const head = reason === undefined ? [statusCode, headers] : [statusCode, reason, headers]
  Reflect.apply(methods.writeHead, response, head)
}

function sendFile(response: ServerResponse, opened: OpenFile, methods: ResponseMethods): void {
  const { descriptor, size } = opened
  if (size === 0 || response.req.method === 'HEAD') {
    closeFile(opened)
    endOf(response, methods)()
    return
  }
  // Content-Length is fixed by now, and a file that grows must not send more.
  const file = createReadStream('', { fd: descriptor, start: 0, end: size - 1 })
  // A file that shrinks leaves the response short, and the connection cannot be used again.
  pipeline(file, targetOf(response, methods), error => {
    if (error || file.bytesRead < size) response.req.socket.destroy()
  })
}

/** The response, whose own methods drop what is written once it has another answer. */
function targetOf(response: ServerResponse, { write, end }: ResponseMethods): Writable {
  if (write === response.write) return response
  return new Writable({
    write: (chunk, _coding, done) => void (write as Write).call(response, chunk, done),
    final: done => void (end as (done: () => void) => void).call(response, done),
  })
}

/**
 * Uses the socket of a response as soon as the response has it: answers to earlier requests on the
 * same connection are sent first, and then Node assigns the socket and emits this event.
 */
function withSocket(response: ServerResponse, use: (socket: Duplex) => void): void {
  if (response.socket !== null) use(response.socket)
  else response.once('socket', use)
}
