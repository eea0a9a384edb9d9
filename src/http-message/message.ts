/**
 * Taking an HTTP/1.x response message apart, RFC 9112. Bytes in, bytes out: no `Response` here.
 *
 * Reads what other programs stored too, so bare line feeds are taken as line ends (section 2.2), as
 * nginx takes them; everything else that is malformed is refused.
 */

import { UndercroftError } from '../base/index.ts'
import type { HeaderField } from './stored-fields.ts'

/** Far above what servers accept as a header; more is no header but something else. */
const MAX_HEAD_SIZE = 64 * 1024

const STATUS_LINE = /^HTTP\/1\.\d (\d{3})(?: (.*))?$/
/** RFC 9110 section 5.1: a name is a token, and no space comes before the colon. */
const FIELD_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):(.*)$/

/** The parts of a response message. */
export interface Message {
  readonly status: number
  readonly reason: string
  readonly fields: HeaderField[]
  /** Shares memory with what was parsed. */
  readonly body: Uint8Array
}

export function parseMessage(bytes: Uint8Array): Message {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const { head, bodyOffset } = splitHead(buffer)
  const [statusLine = '', ...fieldLines] = head.split(/\r?\n/)
  const [, status, reason = ''] = STATUS_LINE.exec(statusLine) ?? []
  if (status === undefined) throw broken('it does not begin with an HTTP/1.x status line')
  const fields = fieldLines.map(parseField)
  const body = buffer.subarray(bodyOffset)
  requireWholeBody(Number(status), fields, body)
  return { status: Number(status), reason, fields, body }
}

function splitHead(buffer: Buffer): { head: string; bodyOffset: number } {
  const start = buffer.toString('latin1', 0, MAX_HEAD_SIZE)
  const end = /\r?\n\r?\n/.exec(start)
  if (end === null) throw broken(`no empty line in its first ${start.length} bytes ends a header`)
  return { head: start.slice(0, end.index), bodyOffset: end.index + end[0].length }
}

function parseField(line: string): HeaderField {
  const [, name, value] = FIELD_LINE.exec(line) ?? []
  if (name === undefined || value === undefined) throw broken('a header line has no field name')
  return [name.toLowerCase(), value.trim()]
}

/** A message stored in one piece is delimited by its own length, so a wrong one means damage. */
function requireWholeBody(status: number, fields: readonly HeaderField[], body: Uint8Array): void {
  if (fields.some(([name]) => name === 'transfer-encoding')) {
    throw broken('its body has a transfer coding')
  }
  if (status === 204 || status === 304) return // RFC 9110 section 8.6: says nothing of a body here
  for (const [name, value] of fields) {
    if (name === 'content-length' && value !== String(body.length)) {
      throw broken(`it announces ${value} bytes of body and has ${body.length}`)
    }
  }
}

function broken(why: string): UndercroftError {
  return new UndercroftError('UNDERCROFT_PROTOCOL', `not a stored HTTP response: ${why}`)
}
