/**
 * The HTTP of the stats server: parses the first bytes of a client and formats the answer.
 *
 * This is as much of HTTP as a scrape needs: one request without a body, then the connection ends.
 * Text in, text out; stats-connection.ts has the socket.
 */

import { METRICS_CONTENT_TYPE } from '../metrics/index.ts'

/** Largest request head. Browsers send some hundred bytes, proxies with cookies send more. */
export const MAX_HEAD_SIZE = 8192

/** The request of a client. `plain`: not HTTP, so the answer has no header, as with uWSGI. */
export type StatsRequest =
  | { readonly kind: 'plain' }
  | {
      readonly kind: 'http'
      readonly method: string
      readonly path: string
      /** The name or address in the field Host, without the port; undefined: there is no field. */
      readonly host: string | undefined
    }
  | { readonly kind: 'refused'; readonly status: 400 | 408 | 431 }

export const PLAIN: StatsRequest = { kind: 'plain' }

/** Parses bytes, one character each. `more`: the request is not whole yet. */
export function parseStatsRequest(head: string): StatsRequest | 'more' {
  const lineEnd = head.indexOf('\n')
  if (lineEnd < 0) {
    if (!MAY_BE_REQUEST_LINE.test(head)) return PLAIN
    return head.length > MAX_HEAD_SIZE ? incomplete(head, 431) : 'more'
  }
  const [, method, target] = REQUEST_LINE.exec(head.slice(0, lineEnd)) ?? []
  if (method === undefined || target === undefined) return PLAIN
  if (/\n\r?\n/.test(head)) return requestOf(method, target, head.slice(lineEnd + 1))
  return head.length > MAX_HEAD_SIZE ? incomplete(head, 431) : 'more'
}

/** @returns how to answer a request that stays incomplete: as HTTP if it begins like HTTP. */
export function incomplete(head: string, status: 400 | 408 | 431): StatsRequest {
  return BEGINS_LIKE_HTTP.test(head) ? { kind: 'refused', status } : PLAIN
}

/** The contents of the answers, made when they are needed. */
export interface StatsContent {
  /** The origin whose web pages may read the document, or `*`. Undefined: none. */
  readonly allowOrigin: string | undefined
  /** Whether the server answers requests for this host. */
  allowsHost(host: string): boolean
  document(): string
  metrics(): string
}

/** @returns the whole answer, header and body. A plain request gets the document. */
export function answerHttp(request: StatsRequest, content: StatsContent): string {
  if (request.kind === 'refused') return refusal(request.status)
  if (request.kind === 'plain') return documentAnswer(content)
  const { method, path, host } = request
  if (host !== undefined && !content.allowsHost(host)) return refusal(421, [], WRONG_HOST)
  if (path !== '/' && path !== '/metrics') return refusal(404)
  if (method !== 'GET' && method !== 'HEAD') return refusal(405, ['Allow: GET, HEAD'])
  const whole =
    path === '/' ? documentAnswer(content) : answer(200, METRICS_CONTENT_TYPE, content.metrics())
  return method === 'HEAD' ? whole.slice(0, whole.indexOf(HEAD_END) + HEAD_END.length) : whole
}

// Web pages can send methods in small letters, and must not pass for tools that speak no HTTP.
const MAY_BE_REQUEST_LINE = /^[A-Z]{1,16}(?: [^\n]*)?$/i
const BEGINS_LIKE_HTTP = /^[A-Z]{1,16} /
const REQUEST_LINE = /^([A-Z]{1,16}) (\S+) HTTP\/1\.[01]\r?$/i
const HEAD_END = '\r\n\r\n'

const REASONS = {
  200: 'OK',
  400: 'Bad Request',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  421: 'Misdirected Request',
  431: 'Request Header Fields Too Large',
} as const

const WRONG_HOST = 'this server does not answer for this host; see the option allowedHosts'

type Status = keyof typeof REASONS

/** A request with two Host fields is refused: nothing says which of them a proxy has checked. */
function requestOf(method: string, target: string, fields: string): StatsRequest {
  const hosts = [...fields.matchAll(/^host:[ \t]*([^\r\n]*?)[ \t]*\r?$/gim)]
  if (hosts.length > 1) return { kind: 'refused', status: 400 }
  const host = hosts[0]?.[1].replace(/:\d*$/, '').replace(/^\[(.*)\]$/, '$1')
  return { kind: 'http', method, path: pathOf(target), host }
}

/** @returns the path without the query, also of the absolute form that proxies send. */
function pathOf(target: string): string {
  const path = target.replace(/^http:\/\/[^/?]*/i, '').replace(/\?.*$/s, '')
  return path === '' ? '/' : path
}

function documentAnswer(content: StatsContent): string {
  const { allowOrigin } = content
  const fields = allowOrigin === undefined ? [] : [`Access-Control-Allow-Origin: ${allowOrigin}`]
  return answer(200, 'application/json', content.document(), fields)
}

function refusal(status: Status, fields: readonly string[] = [], why?: string): string {
  const text = why ?? REASONS[status]
  return answer(status, 'text/plain; charset=utf-8', `${text}\n`, fields)
}

/** The status line and fields are uWSGI's; the length lets a client notice a cut answer. */
function answer(
  status: Status,
  contentType: string,
  body: string,
  fields: readonly string[] = [],
): string {
  const lines = [
    `HTTP/1.0 ${status} ${REASONS[status]}`,
    'Connection: close',
    ...fields,
    `Content-Type: ${contentType}`,
    `Content-Length: ${Buffer.byteLength(body)}`,
  ]
  return lines.join('\r\n') + HEAD_END + body
}
