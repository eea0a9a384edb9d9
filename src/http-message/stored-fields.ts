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

/** About a body that 304 does not have. */
export const BODY_FIELDS: ReadonlySet<string> = new Set([
  'content-length',
  'content-type',
  'content-encoding',
  'content-language',
  'content-range',
])

/** RFC 9110 section 8.6: these are not followed by a body, whatever Content-Length would say. */
export const NO_LENGTH_STATUSES: ReadonlySet<number> = new Set([204, 304])

/** Without Content-Length, which the caller knows better. */
export function storedFields(headers: Iterable<HeaderField>, isDecoded: boolean): HeaderField[] {
  const fields = Array.from(headers, ([name, value]): HeaderField => [name.toLowerCase(), value])
  const dropped = new Set([
    'content-length',
    ...CONNECTION_FIELDS,
    ...nominatedFields(fields),
    ...(isDecoded ? CODED_FIELDS : []),
  ])
  return fields
    .filter(([name]) => !dropped.has(name))
    .map(([name, value]) => [name, isDecoded && name === 'etag' ? weaken(value) : value])
}

/** RFC 9110 section 7.6.1: Connection names further fields that end with the connection. */
function nominatedFields(fields: readonly HeaderField[]): string[] {
  return fields
    .filter(([name]) => name === 'connection')
    .flatMap(([, nominated]) => nominated.split(','))
    .map(name => name.trim().toLowerCase())
}

/** RFC 9110 section 8.8.1: a strong ETag promises the same bytes, and these are others. */
function weaken(etag: string): string {
  return etag.startsWith('W/') ? etag : `W/${etag}`
}
