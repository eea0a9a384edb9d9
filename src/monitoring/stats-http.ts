/**
 * The HTTP side of the stats server: what the first bytes of a client ask for, and the answer.
 *
 * Only as much of HTTP as a scrape needs: one request, its fields unread, and the connection ends.
 * Text in, text out; the socket is stats-connection.ts.
 */

import { METRICS_CONTENT_TYPE } from './stats-metrics.ts'

/** Largest request head. Browsers send some hundred bytes, proxies with cookies more. */
export const MAX_HEAD_SIZE = 8192

/** What came. `plain`: no HTTP, so the answer has no header either, as with uWSGI. */
export type StatsRequest =
  | { readonly kind: 'plain' }
  | { readonly kind: 'http'; readonly method: string; readonly path: string }
  | { readonly kind: 'refused'; readonly status: 400 | 408 | 431 }

export const PLAIN: StatsRequest = { kind: 'plain' }

/** The request in these bytes (one character each); `more`: it is not there whole. */
export function parseStatsRequest(head: string): StatsRequest | 'more' {
  const lineEnd = head.indexOf('\n')
  if (lineEnd < 0) {
    if (!MAY_BE_REQUEST_LINE.test(head)) return PLAIN
    return head.length > MAX_HEAD_SIZE ? incomplete(head, 431) : 'more'
  }
  const [, method, target] = REQUEST_LINE.exec(head.slice(0, lineEnd)) ?? []
  if (method === undefined || target === undefined) return PLAIN
  if (/\n\r?\n/.test(head)) return { kind: 'http', method, path: pathOf(target) }
  return head.length > MAX_HEAD_SIZE ? incomplete(head, 431) : 'more'
}

/** What to make of a request that will not be whole: HTTP if it began like it. */
export function incomplete(head: string, status: 400 | 408 | 431): StatsRequest {
  return BEGINS_LIKE_HTTP.test(head) ? { kind: 'refused', status } : PLAIN
}

/** What the answers are made of, when they are needed. */
export interface StatsContent {
  /** Whether web pages of other origins may read the document. */
  readonly isForAnyOrigin: boolean
  document(): string
  metrics(): string
}

/** The whole answer to a request, header and body. A plain one gets the document. */
export function answerHttp(request: StatsRequest, content: StatsContent): string {
  if (request.kind === 'refused') return refusal(request.status)
  if (request.kind === 'plain') return documentAnswer(content)
  const { method, path } = request
  if (path !== '/' && path !== '/metrics') return refusal(404)
  if (method !== 'GET' && method !== 'HEAD') return refusal(405, ['Allow: GET, HEAD'])
  const whole =
    path === '/' ? documentAnswer(content) : answer(200, METRICS_CONTENT_TYPE, content.metrics())
  return method === 'HEAD' ? whole.slice(0, whole.indexOf(HEAD_END) + HEAD_END.length) : whole
}

const MAY_BE_REQUEST_LINE = /^[A-Z]{1,16}(?: [^\n]*)?$/
const BEGINS_LIKE_HTTP = /^[A-Z]{1,16} /
const REQUEST_LINE = /^([A-Z]{1,16}) (\S+) HTTP\/1\.[01]\r?$/
const HEAD_END = '\r\n\r\n'

const REASONS = {
  200: 'OK',
  400: 'Bad Request',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
} as const

type Status = keyof typeof REASONS

/** Without the query; a proxy's absolute form counts as its path. */
function pathOf(target: string): string {
  const path = target.replace(/^http:\/\/[^/?]*/i, '').replace(/\?.*$/s, '')
  return path === '' ? '/' : path
}

function documentAnswer(content: StatsContent): string {
  const fields = content.isForAnyOrigin ? ['Access-Control-Allow-Origin: *'] : []
  return answer(200, 'application/json', content.document(), fields)
}

function refusal(status: Status, fields: readonly string[] = []): string {
  return answer(status, 'text/plain; charset=utf-8', `${REASONS[status]}\n`, fields)
}

/** Status line and fields as uWSGI's, with the length so that a cut answer is noticed. */
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
