/**
 * HTTP responses as cache values: the bytes of one whole HTTP/1.1 message, RFC 9112.
 *
 * nginx sends such bytes when it reads a cache by `uwsgi_modifier1 111; uwsgi_modifier2 3`. This
 * file does not decide whether a response may be stored.
 */

import { describe, requireInteger, requireKnownNames, UndercroftError } from '../base/index.ts'
import { isDecoded } from './content-coding.ts'
import {
  type HeaderField,
  isHeaderName,
  NO_LENGTH_STATUSES,
  NULL_BODY_STATUSES,
  storedFields,
} from './fields.ts'

const MIN_STATUS = 200 // lower ones are interim responses, and 0 stands for a hidden response
const MAX_STATUS = 599

const DEFAULT_MAX_SIZE = 64 * 1024 * 1024
const MAX_MAX_SIZE = 2 ** 31 - 1

/** Far above the size that servers accept: a longer start is not a header. */
const MAX_HEAD_SIZE = 64 * 1024

const STATUS_LINE = /^HTTP\/1\.\d (\d{3})(?: (.*))?$/

/** The limits of {@link responseToBytes}. */
export interface ResponseToBytesOptions {
  /**
   * Largest body to read, in bytes. The call fails as soon as the body exceeds this size, so this
   * is also the most memory that one call holds. @default 64 MiB
   */
  readonly maxBodySize?: number
}

/**
 * Returns the bytes to store under a key so that nginx, or {@link bytesToResponse}, can answer with
 * them.
 *
 * The function reads the body to its end. It keeps the header fields except those that belong to
 * one connection (RFC 9110 section 7.6.1). Content-Length is that of the body, and each Set-Cookie
 * keeps its own line. `fetch` decodes a compressed body and leaves `Content-Encoding: gzip` in
 * place: the field is kept only if the body really is compressed.
 *
 * nginx requires the whole header to fit into its `uwsgi_buffer_size`, by default one memory page.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-2.1
 * @throws UndercroftError `UNDERCROFT_VALUE_UNSUPPORTED`: the response is an error, opaque or
 * interim; its body has been read already; it is the answer to a HEAD; a field has a line break.
 * @throws UndercroftError `UNDERCROFT_VALUE_TOO_LARGE`: the body exceeds `maxBodySize`.
 * @throws The error of the body's stream, if reading it fails.
 *
 * @example
 * const page = await fetch('http://127.0.0.1:8080/about')
 * cache.set('/about', await responseToBytes(page), { ttlMs: 60_000 })
 */
export async function responseToBytes(
  response: Response,
  options: ResponseToBytesOptions = {},
): Promise<Buffer> {
  requireKnownNames('responseToBytes', options, ['maxBodySize'])
  const { maxBodySize = DEFAULT_MAX_SIZE } = options
  requireInteger('maxBodySize', maxBodySize, 0, MAX_MAX_SIZE)
  requireStorable(response)
  const body = await readBody(response, maxBodySize)
  requireAnswerToGet(response, body)
  const fields = storedFields(response.headers, await isDecoded(response, body))
  if (!NO_LENGTH_STATUSES.has(response.status)) {
    fields.push(['content-length', String(body.length)])
  }
  // RFC 9112 section 4: the reason phrase may be empty, but the space before it may not be missing.
  const lines = [`HTTP/1.1 ${response.status} ${response.statusText}`]
  for (const [name, value] of fields) lines.push(`${name}: ${value}`)
  // Fetch represents each byte of a header as one character.
  const head = Buffer.from(`${lines.map(requireOneLine).join('\r\n')}\r\n\r\n`, 'latin1')
  return Buffer.concat([head, body])
}

/**
 * Returns the response that was stored as `bytes`, by this package or by any other program.
 *
 * A body that was stored compressed stays compressed, and keeps its Content-Encoding: unlike
 * `fetch`, a `Response` made here does not decode.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-2.1
 * @throws UndercroftError `UNDERCROFT_PROTOCOL`: the bytes are not an HTTP/1.x response, or only a
 * part of one.
 *
 * @example
 * const bytes = cache.get('/about')
 * return bytes === undefined ? render() : bytesToResponse(bytes)
 */
export function bytesToResponse(bytes: Uint8Array): Response {
  const message = parseMessage(bytes)
  if (typeof message === 'string') throw broken(message)
  const { status, reason, fields, body } = message
  requireWholeBody(message)
  if (status < MIN_STATUS || status > MAX_STATUS) {
    throw new UndercroftError('UNDERCROFT_PROTOCOL', `a stored response cannot have ${status}`)
  }
  try {
    const headers = new Headers(fields)
    return new Response(NULL_BODY_STATUSES.has(status) ? null : body, {
      status,
      statusText: reason,
      headers,
    })
  } catch (cause) {
    throw new UndercroftError('UNDERCROFT_PROTOCOL', `the stored header is invalid: ${cause}`, {
      cause,
    })
  }
}

/** The parts of a response message. */
export interface Message {
  readonly status: number
  readonly reason: string
  /** Names as they were written, and values without the whitespace around them. */
  readonly fields: HeaderField[]
  /** Shares memory with the bytes that were parsed. */
  readonly body: Buffer
}

/**
 * Splits an HTTP/1.x response message into its parts, RFC 9112.
 *
 * Other programs store messages as well, so a bare line feed counts as the end of a line (section
 * 2.2), as in nginx. Every other malformed message is refused. The caller decides about statuses,
 * field values and the length of the body.
 *
 * @returns the parts, or why the bytes are not a message
 */
export function parseMessage(bytes: Uint8Array): Message | string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const start = buffer.toString('latin1', 0, MAX_HEAD_SIZE)
  const end = /\r?\n\r?\n/.exec(start)
  if (end === null) return `no empty line in its first ${start.length} bytes ends a header`
  const [statusLine = '', ...fieldLines] = start.slice(0, end.index).split(/\r?\n/)
  const [, status, reason = ''] = STATUS_LINE.exec(statusLine) ?? []
  if (status === undefined) return 'it does not begin with an HTTP/1.x status line'
  const fields: HeaderField[] = []
  for (const line of fieldLines) {
    // RFC 9112 section 5.1: no space comes before the colon.
    const colon = line.indexOf(':')
    const name = line.slice(0, Math.max(0, colon))
    if (!isHeaderName(name)) return 'a header line has no field name'
    fields.push([name, line.slice(colon + 1).trim()])
  }
  const body = buffer.subarray(end.index + end[0].length)
  return { status: Number(status), reason, fields, body }
}

/** A message that is stored in one piece ends with the bytes, so a wrong length means damage. */
function requireWholeBody({ status, fields, body }: Message): void {
  const lengths: string[] = []
  for (const [name, value] of fields) {
    const lowerName = name.toLowerCase()
    if (lowerName === 'transfer-encoding') throw broken('its body has a transfer coding')
    if (lowerName === 'content-length') lengths.push(value)
  }
  if (NO_LENGTH_STATUSES.has(status)) return
  for (const length of lengths) {
    if (length !== String(body.length)) {
      throw broken(`it announces ${length} bytes of body and has ${body.length}`)
    }
  }
}

function broken(why: string): UndercroftError {
  return new UndercroftError('UNDERCROFT_PROTOCOL', `not a stored HTTP response: ${why}`)
}

function requireStorable(response: Response): void {
  const { status, type, bodyUsed } = response
  if (status < MIN_STATUS || status > MAX_STATUS) {
    throw unsupported(`a response of type "${type}" with status ${status}`)
  }
  if (bodyUsed || response.body?.locked) {
    throw unsupported('a response whose body was read already; store a clone()')
  }
}

/** The answer to a HEAD announces a body that it does not have. Stored, it would be broken. */
function requireAnswerToGet(response: Response, body: Buffer): void {
  const announced = Number(response.headers.get('content-length') ?? 0)
  if (body.length === 0 && announced > 0 && !NULL_BODY_STATUSES.has(response.status)) {
    throw unsupported(`a response without the ${announced} bytes it announces, as HEAD gives it`)
  }
}

async function readBody(response: Response, maxSize: number): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength
    if (size > maxSize) {
      throw new UndercroftError(
        'UNDERCROFT_VALUE_TOO_LARGE',
        `the body has more than maxBodySize, ${maxSize} bytes`,
      )
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, size)
}

/**
 * Headers and Response refuse line breaks themselves, but other libraries have classes that only
 * look like Response. One line break would let an origin write a second response.
 */
function requireOneLine(line: string): string {
  if (/[\0\r\n]|[^\0-\xff]/.test(line)) throw unsupported(`the header line ${describe(line)}`)
  return line
}

function unsupported(what: string): UndercroftError {
  return new UndercroftError('UNDERCROFT_VALUE_UNSUPPORTED', `cannot store ${what}`)
}
