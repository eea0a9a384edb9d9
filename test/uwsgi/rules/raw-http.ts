/**
 * An HTTP client that shows what a server really sent: every header as it stands, in its order.
 */

import { connect } from 'node:net'
import { within } from '../../../testing/deadline.ts'

export interface RawRequest {
  readonly method?: string
  /** Names and values, sent after Host. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  readonly version?: '1.0' | '1.1'
}

export interface RawResponse {
  /** Everything that came, framing included. Empty: closed without a word. */
  readonly raw: string
  readonly statusLine: string
  /** `Name: value`, one each. */
  readonly headers: readonly string[]
  /** Decoded from chunks. */
  readonly body: Buffer
  readonly text: string
  /** The server closed the connection, or was going to. */
  readonly isClosed: boolean
}

/** Sends one request on a connection of its own; target and headers are sent as they are. */
export function sendRaw(
  port: number,
  target: string,
  request: RawRequest = {},
): Promise<RawResponse> {
  const { method = 'GET', headers = {}, body = '', version = '1.1' } = request
  const length = body === '' ? {} : { 'Content-Length': body.length }
  const fields = Object.entries({ Host: 'site.test', ...headers, ...length })
  const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  const bytes = Buffer.from(`${method} ${target} HTTP/${version}\r\n${lines}\r\n${body}`, 'latin1')
  return within(`an answer to ${method} ${target}`, exchange(port, bytes, method))
}

function exchange(port: number, request: Buffer, method: string): Promise<RawResponse> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    let received = Buffer.alloc(0)
    const finish = (isClosed: boolean) => {
      socket.destroy()
      resolve(parse(received, method, isClosed))
    }
    socket.on('connect', () => socket.write(request))
    socket.on('data', chunk => {
      received = Buffer.concat([received, chunk])
      if (isComplete(received, method)) finish(false)
    })
    socket.on('end', () => finish(true))
    socket.on('error', error => {
      if ('code' in error && error.code === 'ECONNRESET') finish(true)
      else reject(error)
    })
  })
}

function isComplete(received: Buffer, method: string): boolean {
  const end = received.indexOf('\r\n\r\n')
  if (end < 0) return false
  const head = received.toString('latin1', 0, end)
  if (method === 'HEAD' || / (?:204|304) /.test(head.split('\r\n', 1)[0] ?? '')) return true
  if (isChunked(head)) return received.toString('latin1').endsWith('0\r\n\r\n')
  const length = /\r\ncontent-length: (\d+)/i.exec(head)?.[1]
  return length !== undefined && received.length >= end + 4 + Number(length)
}

function isChunked(head: string): boolean {
  return /\r\ntransfer-encoding: chunked/i.test(head)
}

function parse(received: Buffer, method: string, isClosed: boolean): RawResponse {
  const raw = received.toString('latin1')
  const end = raw.indexOf('\r\n\r\n')
  const [statusLine = '', ...headers] = (end < 0 ? '' : raw.slice(0, end)).split('\r\n')
  const rest = method === 'HEAD' ? Buffer.alloc(0) : received.subarray(end < 0 ? 0 : end + 4)
  const body = isChunked(raw.slice(0, Math.max(0, end))) ? joinChunks(rest) : rest
  return { raw, statusLine, headers, body, text: body.toString(), isClosed }
}

function joinChunks(framed: Buffer): Buffer {
  const chunks: Buffer[] = []
  let position = 0
  for (;;) {
    const lineEnd = framed.indexOf('\r\n', position)
    const size = Number.parseInt(framed.toString('latin1', position, lineEnd), 16)
    if (!(size > 0)) return Buffer.concat(chunks)
    chunks.push(framed.subarray(lineEnd + 2, lineEnd + 2 + size))
    position = lineEnd + 2 + size + 2
  }
}
