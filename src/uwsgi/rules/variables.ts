/**
 * The variables of one request by their CGI names, worked out when a rule asks.
 *
 * A request that came by the uwsgi protocol brings its own, and then nothing else counts: what a
 * client sends in a header never becomes REMOTE_USER. Otherwise they are those of uWSGI's own HTTP
 * server (uWSGI 2.0.21, proto/http.c).
 */

import { hostname } from 'node:os'
import { decodePath } from './request-path.ts'

/** Variables as rules use them; one character a byte. */
export interface Variables {
  /** Empty: there is none of that name. */
  get(name: string): string
}

/** What of an HTTP request becomes variables; an `IncomingMessage` has it. */
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

/** Variables made of an HTTP request. */
export class HttpVariables implements Variables {
  readonly #request: RequestFacts
  #pathInfo: string | undefined

  constructor(request: RequestFacts) {
    this.#request = request
  }

  get(name: string): string {
    switch (name) {
      case 'REQUEST_URI':
        return this.#request.url ?? ''
      case 'PATH_INFO':
        this.#pathInfo ??= decodePath(this.#request.url ?? '')
        return this.#pathInfo
      case 'QUERY_STRING':
        return queryOf(this.#request.url ?? '')
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

/** Names that rules write are few, but one may be made of request text. */
const MAX_KNOWN_NAMES = 1000
const knownNames = new Map<string, string>()

/** `HTTP_ACCEPT_ENCODING` is `accept-encoding`. */
export function headerName(name: string): string {
  const known = knownNames.get(name)
  if (known !== undefined) return known
  const header = name.slice('HTTP_'.length).toLowerCase().replaceAll('_', '-')
  if (knownNames.size < MAX_KNOWN_NAMES) knownNames.set(name, header)
  return header
}
