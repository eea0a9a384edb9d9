/**
 * Complete responses in a cache, with their header: check-cache and UWSGI_CACHE_GET answer with
 * them.
 */

import { isHeaderValue, parseMessage } from '../../http-message/index.ts'
import { newReply, type Reply } from './reply.ts'

/** Fields about the connection on which the response once came. RFC 9110 section 7.6.1. */
const CONNECTION_FIELDS = new Set(['connection', 'keep-alive', 'transfer-encoding', 'upgrade'])

/** @returns undefined if the bytes are not an HTTP/1.x response */
export function parseStoredMessage(bytes: Buffer): Reply | undefined {
  const message = parseMessage(bytes)
  if (typeof message === 'string' || message.status < 200) return undefined
  const { status, reason, fields, body } = message
  const headers: string[] = []
  let hasLength = false
  for (const [name, value] of fields) {
    if (!isHeaderValue(value)) return undefined
    if (CONNECTION_FIELDS.has(name.toLowerCase())) continue
    headers.push(name, value)
    if (name.toLowerCase() !== 'content-length') continue
    // A wrong length would make the client take the next response for a part of this one.
    if (value !== String(body.length)) return undefined
    hasLength = true
  }
  const reply = {
    ...newReply({ statusCode: status, reason }, headers),
    body: [body],
    isBegun: true,
  }
  return hasLength ? reply : { ...reply, isLast: true }
}
