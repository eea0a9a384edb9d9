/**
 * Which header fields of a response are stored with it.
 */

/** A field's name in lower case, and its value. */
export type HeaderField = [name: string, value: string]

/**
 * Fields about one connection, not about the response. The first five: RFC 9110 section 7.6.1. A
 * trailer needs chunks, and what is stored has none. The proxy fields: RFC 9111 section 3.1.
 */
const CONNECTION_FIELDS = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
  'trailer',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
]

/** What a compressed body's header says and its decoded body no longer fits. */
const CODED_FIELDS = ['content-encoding', 'content-digest', 'repr-digest', 'content-md5']

/** Without Content-Length, which the caller knows better. */
export function storedFields(headers: Headers, isDecoded: boolean): HeaderField[] {
  const dropped = new Set([
    'content-length',
    ...CONNECTION_FIELDS,
    ...nominatedFields(headers),
    ...(isDecoded ? CODED_FIELDS : []),
  ])
  const kept: HeaderField[] = []
  for (const [name, value] of headers) {
    const lowerName = name.toLowerCase()
    if (dropped.has(lowerName)) continue
    kept.push([lowerName, isDecoded && lowerName === 'etag' ? weaken(value) : value])
  }
  return kept
}

/** RFC 9110 section 7.6.1: Connection names further fields that end with the connection. */
function nominatedFields(headers: Headers): string[] {
  const nominated = headers.get('connection') ?? ''
  return nominated.split(',').map(name => name.trim().toLowerCase())
}

/** RFC 9110 section 8.8.1: a strong ETag promises the same bytes, and these are others. */
function weaken(etag: string): string {
  return etag.startsWith('W/') ? etag : `W/${etag}`
}
