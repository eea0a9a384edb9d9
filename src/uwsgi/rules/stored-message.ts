/**
 * Complete responses in a cache, header and all: what check-cache and UWSGI_CACHE_GET answer with.
 */

import { isHeaderName, isHeaderValue } from './header-text.ts'
import { newReply, type Reply } from './reply.ts'

/** Far above what servers accept as a header; more is no header but something else. */
const MAX_HEAD_SIZE = 64 * 1024

/** Fields about the connection on which it once came. RFC 9110 section 7.6.1. */
const CONNECTION_FIELDS = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade'])

/** Undefined: the bytes are no HTTP/1.x response. */
export function parseStoredMessage(bytes: Buffer): Reply | undefined {
  const start = bytes.toString('latin1', 0, MAX_HEAD_SIZE)
  const end = /\r?\n\r?\n/.exec(start)
  if (end === null) return undefined
  const [statusLine = '', ...lines] = start.slice(0, end.index).split(/\r?\n/)
  const [, status, reason = ''] = /^HTTP\/1\.\d ([2-9]\d\d)(?: (.*))?$/.exec(statusLine) ?? []
  if (status === undefined) return undefined
  const body = bytes.subarray(end.index + end[0].length)
  const headers: string[] = []
  let hasLength = false
  for (const line of lines) {
    const colon = line.indexOf(':')
    const name = line.slice(0, Math.max(0, colon))
    const value = line.slice(colon + 1).replace(/^[ \t]+/, '')
    if (!isHeaderName(name) || !isHeaderValue(value)) return undefined
    if (CONNECTION_FIELDS.has(name.toLowerCase())) continue
    headers.push(name, value)
    if (name.toLowerCase() !== 'content-length') continue
    // A wrong one would make the client take the next response for a part of this one.
    if (value !== String(body.length)) return undefined
    hasLength = true
  }
  const reply = {
    ...newReply({ statusCode: Number(status), reason }, headers),
    body: [body],
    isBegun: true,
  }
  return hasLength ? reply : { ...reply, isLast: true }
}
