/**
 * The application behind each cache: a reverse proxy that forwards every request to the suite's
 * origin server. It is a Node listener, which `undercroft serve` loads as well, and a Fetch
 * handler.
 */

import {
  Agent,
  type ClientRequest,
  request as httpRequest,
  type IncomingMessage,
  type ServerResponse,
} from 'node:http'
import { Readable } from 'node:stream'

/** The variable with the origin's port. */
export const ORIGIN_PORT = 'CONFORMANCE_ORIGIN_PORT'

/** RFC 9110 section 7.6.1: fields of one connection, which a proxy does not forward. */
const CONNECTION_FIELDS = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
])

/** Fetch Standard, "null body status". */
const NULL_BODY_STATUSES = new Set([204, 205, 304])

const BAD_GATEWAY = 502
const PROCESSING = 102
const EARLY_HINTS = 103

type Pair = [name: string, value: string]

/** A connection for each request: on one that waits, a request can meet its end. */
const agent = new Agent({ keepAlive: false })

/** The module that the runner loads exports a listener. */
export default function forward(message: IncomingMessage, response: ServerResponse): void {
  const asking = askOrigin(message.method ?? 'GET', message.url ?? '/', pairsOf(message.rawHeaders))
  asking.on('information', ({ statusCode, rawHeaders }) => {
    if (statusCode === PROCESSING) response.writeProcessing()
    if (statusCode === EARLY_HINTS) response.writeEarlyHints(grouped(pairsOf(rawHeaders)))
  })
  let arrived: IncomingMessage | undefined
  asking.on('response', answer => {
    arrived = answer
    response.writeHead(answer.statusCode ?? 0, answer.statusMessage, grouped(forwarded(answer)))
    answer.pipe(response)
  })
  asking.on('error', () => {
    if (arrived?.complete === true) return // bytes after the announced length
    if (response.headersSent) response.destroy()
    else response.writeHead(BAD_GATEWAY).end('the origin closed the connection')
  })
  message.pipe(asking)
}

/** The same as a Fetch handler, which cannot pass on interim responses. */
export function forwardFetch(request: Request): Promise<Response> {
  const { method, headers, body } = request
  const { pathname, search } = new URL(request.url)
  return new Promise(resolve => {
    const asking = askOrigin(method, pathname + search, [...headers])
    asking.on('response', answer => resolve(toResponse(answer)))
    asking.on('error', () => resolve(new Response('no answer', { status: BAD_GATEWAY })))
    if (body === null) asking.end()
    else Readable.fromWeb(body).pipe(asking)
  })
}

function askOrigin(method: string, path: string, fields: readonly Pair[]): ClientRequest {
  const port = Number(process.env[ORIGIN_PORT])
  const headers = grouped(fields.filter(([name]) => !CONNECTION_FIELDS.has(name.toLowerCase())))
  return httpRequest({ host: '127.0.0.1', port, method, path, headers, agent })
}

function toResponse(answer: IncomingMessage): Response {
  const { statusCode: status = 0, statusMessage: statusText = '' } = answer
  if (status > 599) {
    answer.resume() // the suite's sign that a request lacked its condition, and no valid status
    return new Response(`the origin answered ${status}`, { status: BAD_GATEWAY })
  }
  const body = NULL_BODY_STATUSES.has(status) ? null : (Readable.toWeb(answer) as ReadableStream)
  if (body === null) answer.resume()
  return new Response(body, { status, statusText, headers: forwarded(answer) })
}

/** Without the fields of the connection, and without those that Connection names. */
function forwarded({ rawHeaders }: IncomingMessage): Pair[] {
  const pairs = pairsOf(rawHeaders)
  const named = pairs
    .filter(([name]) => name.toLowerCase() === 'connection')
    .flatMap(([, value]) => value.split(',').map(name => name.trim().toLowerCase()))
  const dropped = new Set([...CONNECTION_FIELDS, ...named])
  return pairs.filter(([name]) => !dropped.has(name.toLowerCase()))
}

function pairsOf(rawHeaders: readonly string[]): Pair[] {
  const pairs: Pair[] = []
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    pairs.push([rawHeaders[index] ?? '', rawHeaders[index + 1] ?? ''])
  }
  return pairs
}

function grouped(pairs: readonly Pair[]): Record<string, string | string[]> {
  const values = new Map<string, string[]>()
  for (const [name, value] of pairs) {
    const key = name.toLowerCase()
    values.set(key, [...(values.get(key) ?? []), value])
  }
  return Object.fromEntries(
    [...values].map(([name, all]) => [name, all.length === 1 ? (all[0] ?? '') : all]),
  )
}
