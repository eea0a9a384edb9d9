/**
 * HTTP responses as cache values: the bytes of one whole HTTP/1.1 message, RFC 9112.
 *
 * That is what nginx passes on when it reads a cache by `uwsgi_modifier1 111; uwsgi_modifier2 3`.
 * Whether a response may be kept at all is not asked here.
 */

import { describe, requireInteger, requireKnownNames, UndercroftError } from '../base/index.ts'
import { isDecoded } from './content-coding.ts'
import { parseMessage } from './message.ts'
import { NO_LENGTH_STATUSES, storedFields } from './stored-fields.ts'

/** Fetch Standard, "null body status": a `Response` with one of these has no body. */
const NULL_BODY_STATUSES = new Set([204, 205, 304])

const MIN_STATUS = 200 // below are interim responses, and 0, which stands for a hidden one
const MAX_STATUS = 599

const DEFAULT_MAX_SIZE = 64 * 1024 * 1024
const MAX_MAX_SIZE = 2 ** 31 - 1

/** How much {@link responseToBytes} takes. */
export interface ResponseToBytesOptions {
  /**
   * Most bytes of the body. A longer one is given up as soon as it exceeds this, so it is also the
   * most memory one call holds. @default 64 MiB
   */
  readonly maxBodySize?: number
}

/**
 * The bytes to store under a key so that nginx, or {@link bytesToResponse}, can answer with them.
 *
 * Reads the body to its end. The header fields are kept but for those that belong to one connection
 * (RFC 9110 section 7.6.1); Content-Length is that of the body; each Set-Cookie keeps its own line.
 * `fetch` decodes a compressed body and leaves `Content-Encoding: gzip` in place: the field is kept
 * only if the body really is compressed.
 *
 * nginx wants the whole header within its `uwsgi_buffer_size`, one memory page by default.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-2.1
 * @throws UndercroftError `UNDERCROFT_VALUE_UNSUPPORTED`: an error, opaque or interim response; one
 * whose body has been read already; the answer to a HEAD; a field with a line break.
 * @throws UndercroftError `UNDERCROFT_VALUE_TOO_LARGE`: more than `maxBodySize`.
 * @throws Whatever the body's stream fails with.
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
  // The reason phrase may be empty, the space before it may not: RFC 9112 section 4.
  const lines = [`HTTP/1.1 ${response.status} ${response.statusText}`]
  for (const [name, value] of fields) lines.push(`${name}: ${value}`)
  // Fetch keeps header text as one character a byte.
  const head = Buffer.from(`${lines.map(requireOneLine).join('\r\n')}\r\n\r\n`, 'latin1')
  return Buffer.concat([head, body])
}

/**
 * The response that was stored as `bytes`, whoever stored them.
 *
 * A body that was stored compressed stays so, with its Content-Encoding: unlike `fetch`, a
 * `Response` made here does not decode.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9112#section-2.1
 * @throws UndercroftError `UNDERCROFT_PROTOCOL`: the bytes are no HTTP/1.x response, or not all of
 * one.
 *
 * @example
 * const bytes = cache.get('/about')
 * return bytes === undefined ? render() : bytesToResponse(bytes)
 */
export function bytesToResponse(bytes: Uint8Array): Response {
  const { status, reason, fields, body } = parseMessage(bytes)
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

function requireStorable(response: Response): void {
  const { status, type, bodyUsed } = response
  if (status < MIN_STATUS || status > MAX_STATUS) {
    throw unsupported(`a response of type "${type}" with status ${status}`)
  }
  if (bodyUsed || response.body?.locked) {
    throw unsupported('a response whose body was read already; store a clone()')
  }
}

/** The answer to a HEAD announces a body it does not have. Stored, it would be a broken page. */
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
 * Headers and Response refuse line breaks themselves, but not everything that looks like a Response
 * is the platform's; one break let through would let an origin write a second response.
 */
function requireOneLine(line: string): string {
  if (/[\0\r\n]|[^\0-\xff]/.test(line)) throw unsupported(`the header line ${describe(line)}`)
  return line
}

function unsupported(what: string): UndercroftError {
  return new UndercroftError('UNDERCROFT_VALUE_UNSUPPORTED', `cannot store ${what}`)
}
