/**
 * CGI variables as the head of an HTTP request, plain data in and out.
 *
 * Nothing that a variable holds can begin a line or a request of its own: names and values that
 * HTTP could not carry as they are make the request invalid. The length of the body is told by
 * CONTENT_LENGTH alone.
 */

export interface RequestHead {
  /** Request line, fields and the empty line. */
  readonly head: Buffer
  /** Bytes of the body that follow. */
  readonly bodySize: number
}

/** Why a request cannot be passed on. */
export interface InvalidRequest {
  readonly problem: string
}

/** Name and value, in latin1, in the order sent. */
export type Variables = readonly (readonly [name: string, value: string])[]

/**
 * The head says HTTP/1.0, whatever the client of the web server speaks: so the answer has no
 * chunked framing, which the uwsgi protocol does not know, and ends with the connection.
 */
export function formatRequestHead(pairs: Variables): RequestHead | InvalidRequest {
  const variables = new Map(pairs)
  const method = variables.get('REQUEST_METHOD') ?? ''
  const target = variables.get('REQUEST_URI') ?? ''
  if (!TOKEN.test(method)) return { problem: `REQUEST_METHOD is ${quote(method)}` }
  if (!TARGET.test(target)) return { problem: `REQUEST_URI is ${quote(target)}` }
  const bodySize = readBodySize(pairs)
  if (typeof bodySize !== 'number') return bodySize
  const lines = [`${method} ${target} HTTP/1.0`]
  for (const [name, value] of fieldsOf(pairs, variables)) {
    if (!TOKEN.test(name) || !FIELD_VALUE.test(value)) {
      return { problem: `the field ${quote(name)} is ${quote(value)}` }
    }
    lines.push(`${name}: ${value}`)
  }
  return { head: Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), bodySize }
}

/** RFC 9110, section 5.6.2: what methods and field names are made of. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

/** No space and no control character, so that it is one word of the request line. */
const TARGET = /^[!-~\x80-\xff]+$/

/** RFC 9110, section 5.5, with tab. */
const FIELD_VALUE = /^[\t -~\x80-\xff]*$/

const DECIMAL = /^[0-9]{1,15}$/

/** A host name or an IPv4 address, as `server_name` has it. */
const HOST_NAME = /^[0-9A-Za-z][0-9A-Za-z.-]*$/

function readBodySize(pairs: Variables): number | InvalidRequest {
  const given = new Set(pairs.filter(([name]) => name === 'CONTENT_LENGTH').map(([, size]) => size))
  const [size = ''] = given
  if (given.size > 1) return { problem: `CONTENT_LENGTH is ${[...given].map(quote).join(' and ')}` }
  if (DECIMAL.test(size)) return Number(size)
  if (size !== '') return { problem: `CONTENT_LENGTH is ${quote(size)}` }
  const isChunked = pairs.some(([name]) => name === 'HTTP_TRANSFER_ENCODING')
  return isChunked ? { problem: 'the body has no CONTENT_LENGTH' } : 0
}

/**
 * Fields of the connection between client and web server, which end there (RFC 9110, section 7.6.1,
 * and Expect, which the web server has answered); and those that have variables of their own.
 */
const LEFT_OUT: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
  'host',
  'content-length',
  'content-type',
])

const FIELD_PREFIX = 'HTTP_'

function* fieldsOf(
  pairs: Variables,
  variables: ReadonlyMap<string, string>,
): Generator<readonly [name: string, value: string]> {
  const host = variables.get('HTTP_HOST') || serverName(variables)
  const type = variables.get('CONTENT_TYPE')
  const length = variables.get('CONTENT_LENGTH')
  if (host) yield ['host', host]
  if (type) yield ['content-type', type]
  if (length) yield ['content-length', length]
  for (const [variable, value] of pairs) {
    if (!variable.startsWith(FIELD_PREFIX)) continue
    const name = variable.slice(FIELD_PREFIX.length).toLowerCase().replaceAll('_', '-')
    if (!LEFT_OUT.has(name)) yield [name, value]
  }
}

/** What stands in for the host that a client did not name, as in WSGI (PEP 3333). */
function serverName(variables: ReadonlyMap<string, string>): string | undefined {
  const name = variables.get('SERVER_NAME') ?? ''
  const port = variables.get('SERVER_PORT') ?? ''
  if (!HOST_NAME.test(name)) return undefined
  return DECIMAL.test(port) ? `${name}:${port}` : name
}

function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text)
}
