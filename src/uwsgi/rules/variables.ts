/**
 * The variables of one request by their CGI names, computed when a rule asks for one.
 *
 * A request of the uwsgi protocol brings its own variables, and only those count: a header from a
 * client never becomes REMOTE_USER. Other requests have the variables of uWSGI's own HTTP server
 * (uWSGI 2.0.21, proto/http.c).
 */

import { hostname } from 'node:os'

/** Variables as rules use them; one character a byte. */
export interface Variables {
  /** Empty: there is no variable of that name. */
  get(name: string): string
}

/** The part of an `IncomingMessage` that becomes variables. */
export interface RequestFacts {
  readonly method?: string | undefined
  readonly url?: string | undefined
  readonly httpVersion: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly socket: {
    readonly remoteAddress?: string | undefined
    readonly remotePort?: number | undefined
    readonly localPort?: number | undefined
    readonly encrypted?: boolean
  }
}

/** Variables that came with the request, in latin1: one character a byte. */
export function givenVariables(given: ReadonlyMap<string, string>): Variables {
  return { get: name => given.get(name) ?? '' }
}

/** Variables computed from an HTTP request. */
export class HttpVariables implements Variables {
  readonly #request: RequestFacts
  /** The target as the client sent it, which a rewrite and a mount replace in the request. */
  readonly #url: string
  #pathInfo: string | undefined

  constructor(request: RequestFacts) {
    this.#request = request
    this.#url = request.url ?? ''
  }

  get(name: string): string {
    switch (name) {
      case 'REQUEST_URI':
        return this.#url
      case 'PATH_INFO':
        this.#pathInfo ??= decodePath(this.#url)
        return this.#pathInfo
      case 'QUERY_STRING':
        return queryOf(this.#url)
      case 'REQUEST_METHOD':
        return this.#request.method ?? ''
      default:
        return name.startsWith('HTTP_') ? this.#header(headerName(name)) : this.#seldom(name)
    }
  }

  #seldom(name: string): string {
    const { socket, httpVersion } = this.#request
    switch (name) {
      case 'REMOTE_ADDR':
        return (socket.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/, '')
      case 'REMOTE_PORT':
        return String(socket.remotePort ?? '')
      case 'SERVER_NAME':
        return hostname()
      case 'SERVER_PORT':
        return String(socket.localPort ?? '')
      case 'SERVER_PROTOCOL':
        return `HTTP/${httpVersion}`
      case 'CONTENT_TYPE':
        return this.#header('content-type')
      case 'CONTENT_LENGTH':
        return this.#header('content-length')
      case 'HTTPS':
        return socket.encrypted === true ? 'on' : ''
      default:
        return ''
    }
  }

  #header(name: string): string {
    const { headers } = this.#request
    const value = Object.hasOwn(headers, name) ? headers[name] : undefined
    return Array.isArray(value) ? value.join(', ') : (value ?? '')
  }
}

function queryOf(url: string): string {
  const mark = url.indexOf('?')
  return mark < 0 ? '' : url.slice(mark + 1)
}

/** Rules write few names, but a name may contain text of a request. */
const MAX_KNOWN_NAMES = 1000
const knownNames = new Map<string, string>()

/**
 * The header name of a variable: `accept-encoding` for `HTTP_ACCEPT_ENCODING`. Results are kept,
 * because each rule of each request asks; they depend on nothing but the name.
 */
export function headerName(name: string): string {
  const known = knownNames.get(name)
  if (known !== undefined) return known
  const header = name.slice('HTTP_'.length).toLowerCase().replaceAll('_', '-')
  if (knownNames.size < MAX_KNOWN_NAMES) knownNames.set(name, header)
  return header
}

/** A target without these is its own path. Nearly all targets are. */
const NEEDS_WORK = /[%#]|\/\.|^[^/]/

/**
 * PATH_INFO of a request target as uWSGI computes it (2.0.21, core/utils.c, http_url_decode4): dot
 * segments are removed, then percent signs are decoded; a `#` ends the path. One character a byte.
 */
export function decodePath(url: string): string {
  const mark = url.indexOf('?')
  const path = mark < 0 ? url : url.slice(0, mark)
  return NEEDS_WORK.test(path) ? decode(path) : path
}

function decode(path: string): string {
  const [visible = ''] = path.split('#', 1)
  return decodePercents(removeDotSegments(visible))
}

/** Decodes each percent sign with two digits; the result has one character for each byte. */
export function decodePercents(text: string): string {
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  )
}

/** The path of a request target: `decodePath` of it is the given path again. */
export function encodePath(path: string): string {
  return path.replace(/[^A-Za-z0-9\-._~!$&'()*+,;=:@/]/g, character => {
    return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
  })
}

/** Works on segments as the client wrote them: `%2e%2e` is a name and is decoded afterwards. */
function removeDotSegments(path: string): string {
  const kept: string[] = []
  const segments = path.split('/')
  for (const [index, segment] of segments.entries()) {
    const isLast = index === segments.length - 1
    if (segment === '..') {
      if (kept.length > 1) kept.pop()
    } else if (segment !== '.') {
      kept.push(segment)
      continue
    }
    // A path that ends in a dot segment names a directory.
    if (isLast) kept.push('')
  }
  return kept.join('/')
}
