/**
 * CGI variables as the head of an HTTP request, plain data in and out.
 *
 * A variable cannot start another line or another request: names and values that HTTP cannot carry
 * unchanged make the request invalid. Only CONTENT_LENGTH gives the length of the body.
 */

export interface RequestHead {
  /** Request line, fields and the empty line. */
  readonly head: Buffer
  /** Bytes of the body that follow; infinite: the connection belongs to another protocol then. */
  readonly bodySize: number
}

/** The reason why a request is not passed on. */
export interface InvalidRequest {
  readonly problem: string
}

/** Names and values, in latin1, in the order in which they were sent. */
export type Variables = readonly (readonly [name: string, value: string])[]

/**
 * The head says HTTP/1.0, regardless of the version between client and web server. The response
 * then has no chunked framing, which the uwsgi protocol lacks, and ends with the connection.
 *
 * @param takesUpgrades - whether a request for another protocol is passed on as such a request
 */
export function formatRequestHead(
  pairs: Variables,
  takesUpgrades = false,
): RequestHead | InvalidRequest {
  const variables = new Map(pairs)
  const method = variables.get('REQUEST_METHOD') ?? ''
  const target = variables.get('REQUEST_URI') ?? ''
  if (!TOKEN.test(method)) return { problem: `REQUEST_METHOD is ${quote(method)}` }
  if (!TARGET.test(target)) return { problem: `REQUEST_URI is ${quote(target)}` }
  const bodySize = readBodySize(pairs)
  if (typeof bodySize !== 'number') return bodySize
  const upgrade = takesUpgrades && bodySize === 0 ? findUpgrade(variables) : undefined
  const lines = [`${method} ${target} HTTP/${upgrade === undefined ? '1.0' : '1.1'}`]
  for (const [name, value] of [...fieldsOf(pairs, variables), ...(upgrade ?? [])]) {
    if (!TOKEN.test(name) || !FIELD_VALUE.test(value)) {
      return { problem: `the field ${quote(name)} is ${quote(value)}` }
    }
    lines.push(`${name}: ${value}`)
  }
  const head = Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
  return { head, bodySize: upgrade === undefined ? bodySize : Number.POSITIVE_INFINITY }
}

/** RFC 9110, section 7.8: the protocol is in `Upgrade`, and `Connection` names that field. */
function findUpgrade(
  variables: ReadonlyMap<string, string>,
): readonly (readonly [name: string, value: string])[] | undefined {
  const protocol = variables.get('HTTP_UPGRADE') ?? ''
  const options = (variables.get('HTTP_CONNECTION') ?? '').toLowerCase().split(/\s*,\s*/)
  if (protocol === '' || !options.includes('upgrade')) return undefined
  return [
    ['connection', 'Upgrade'],
    ['upgrade', protocol],
  ]
}

/** RFC 9110, section 5.6.2: the characters of methods and field names. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

/** No space or control character, so that the target is one word of the request line. */
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
 * Fields that are not copied: those of the connection between client and web server (RFC 9110,
 * section 7.6.1, and Expect, which the web server has answered), and those with other variables.
 */
const SKIPPED_FIELDS: ReadonlySet<string> = new Set([
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
    if (!SKIPPED_FIELDS.has(name)) yield [name, value]
  }
}

/** The host for a client that did not name one, as in WSGI (PEP 3333). */
function serverName(variables: ReadonlyMap<string, string>): string | undefined {
  const name = variables.get('SERVER_NAME') ?? ''
  const port = variables.get('SERVER_PORT') ?? ''
  if (!HOST_NAME.test(name)) return undefined
  return DECIMAL.test(port) ? `${name}:${port}` : name
}

function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text)
}
