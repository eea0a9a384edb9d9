/**
 * The line of one request: a template with uWSGI's variables, compiled once.
 *
 * Clients choose URIs and header fields, so control characters, quotes and backslashes of variables
 * are written as `\xHH`: no request can forge a line or end a quoted field.
 *
 * https://uwsgi-docs.readthedocs.io/en/latest/LogFormat.html
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { formatSuggestion, UndercroftError } from '../../base/index.ts'
import { REQUEST_VARIABLES, type WithRequestVariables } from '../../http-message/index.ts'
import { APACHE_TIME, CTIME, compileTime } from './strftime.ts'

/** A request that has ended. */
export interface LoggedRequest {
  /** Counted from 1 in this process. */
  readonly number: number
  /** Unix time. */
  readonly startedAtMs: number
  readonly tookMs: number
  /** The target as it arrived; an application may change `request.url`. */
  readonly uri: string
  readonly address: string | undefined
  /** Bytes of the response, header and body. */
  readonly sentSize: number
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

/** Facts that do not change from request to request. */
export interface LogFacts {
  readonly pid: number
  readonly workerId: number
}

/** Returns the line of a request without its line end, in latin1: one character for each byte. */
export type LineFormat = (
  request: LoggedRequest,
  logVariables: ReadonlyMap<string, string>,
) => string

type Variable = (request: LoggedRequest) => string | number

/** uWSGI's own format, with the numbers that make no sense here as a uWSGI without threads has them. */
export const DEFAULT_FORMAT =
  '[pid: %(pid)|app: 0|req: %(count)/%(count)] %(addr) (%(user)) {%(vars) vars in %(pktsize) bytes} ' +
  '[%(ctime)] %(method) %(uri) => generated %(rsize) bytes in %(msecs) msecs ' +
  '(%(proto) %(status)) %(headers) headers in %(hsize) bytes (%(switches) switches on core %(core))'

/** What a format may need in addition to its text. */
export interface FormatSettings {
  /** What stands for an empty variable. @default a dash, as in uWSGI's formats of users */
  readonly empty?: string
  /** The format of `%(ftime)`. */
  readonly dateFormat?: string
  /** Names that the action `logvar` sets. */
  readonly logVariables?: ReadonlySet<string>
}

/**
 * @throws UndercroftError `UNDERCROFT_OPTION_INVALID` for a variable that does not exist; `name` is
 * the option
 */
export function compileFormat(
  format: string,
  name: string,
  facts: LogFacts,
  settings: FormatSettings = {},
): LineFormat {
  const { empty = '-', dateFormat = CTIME, logVariables = new Set() } = settings
  const variables = makeVariables(facts, dateFormat)
  const parts = splitFormat(format).map(({ text, variable }): string | Part => {
    if (variable === undefined) return toBytes(text)
    if (variable.startsWith('var.')) return variablePart(variable.slice('var.'.length))
    if (Object.hasOwn(CONSTANTS, variable)) return String(CONSTANTS[variable])
    const read = variables[variable]
    if (read !== undefined) return read
    if (logVariables.has(variable)) return { logVariable: variable }
    const known = [...Object.keys(variables), ...Object.keys(CONSTANTS)]
    throw new UndercroftError(
      'UNDERCROFT_OPTION_INVALID',
      `${name}: %(${variable}) is not a variable${formatSuggestion(variable, known)}; ` +
        `one of ${known.join(', ')}, var.NAME, and those that the action logvar sets`,
    )
  })
  return (request, given) => {
    let line = ''
    for (const part of parts) {
      if (typeof part === 'string') line += part
      else if (typeof part === 'function') line += escapeText(part(request)) || empty
      else line += escapeText(toBytes(given.get(part.logVariable) ?? '')) || empty
    }
    return line
  }
}

type Part = Variable | { readonly logVariable: string }

/** Splits a template into its literal texts and the names of its variables. */
function splitFormat(format: string): { text: string; variable?: string }[] {
  return format
    .split(/(%\([^)]*\))/)
    .filter(text => text !== '')
    .map(text => (/^%\(.*\)$/s.test(text) ? { text, variable: text.slice(2, -1) } : { text }))
}

/** What has one value in every request here: there are no threads, and modifiers are not passed on. */
const CONSTANTS: Readonly<Record<string, number>> = {
  core: 0,
  switches: 1,
  modifier1: 0,
  modifier2: 0,
}

function makeVariables(
  { pid, workerId }: LogFacts,
  dateFormat: string,
): Readonly<Record<string, Variable>> {
  const ctime = compileTime(CTIME, 'log-format')
  const ltime = compileTime(APACHE_TIME, 'log-format')
  const ftime = compileTime(dateFormat, 'log-date')
  return {
    uri: ({ uri }) => uri,
    method: ({ request }) => request.method ?? '',
    user: ({ request }) => cgiVariable(request, 'REMOTE_USER'),
    addr: ({ address }) => address ?? '',
    host: ({ request }) => String(request.headers.host ?? request.headers[':authority'] ?? ''),
    proto: ({ request }) =>
      cgiVariable(request, 'SERVER_PROTOCOL') || `HTTP/${request.httpVersion}`,
    uagent: ({ request }) => request.headers['user-agent'] ?? '',
    referer: ({ request }) => request.headers.referer ?? '',
    status: ({ response }) => statusOf(response),
    micros: ({ tookMs }) => Math.round(tookMs * 1000),
    msecs: ({ tookMs }) => Math.floor(tookMs),
    secs: ({ tookMs }) => Math.floor(tookMs / 1000),
    time: ({ startedAtMs }) => Math.floor(startedAtMs / 1000),
    ctime: ({ startedAtMs }) => ctime(startedAtMs),
    ltime: ({ startedAtMs }) => ltime(startedAtMs),
    ftime: ({ startedAtMs }) => ftime(startedAtMs),
    tmsecs: ({ startedAtMs }) => Math.floor(startedAtMs),
    tmicros: ({ startedAtMs }) => Math.floor(startedAtMs * 1000),
    epoch: ({ startedAtMs, tookMs }) => Math.floor((startedAtMs + tookMs) / 1000),
    size: ({ sentSize }) => sentSize,
    hsize: ({ response }) => headOf(response).length,
    rsize: bodySizeOf,
    headers: ({ response }) => countFields(headOf(response)),
    cl: ({ request }) => Number(request.headers['content-length'] ?? 0),
    vars: ({ request }) => request.rawHeaders.length / 2,
    pktsize: ({ request }) => request.rawHeaders.reduce((sum, text) => sum + text.length, 0),
    count: ({ number }) => number,
    pid: () => pid,
    wid: () => workerId,
    rss: () => process.memoryUsage.rss(),
    rssM: () => Math.floor(process.memoryUsage.rss() / 1048576),
  }
}

/** One CGI variable, from the uwsgi packet or from the field of HTTP with its name. */
function variablePart(name: string): Variable {
  const field = name.startsWith('HTTP_')
    ? name.slice('HTTP_'.length).toLowerCase().replaceAll('_', '-')
    : undefined
  return ({ request }) => {
    const given = cgiVariable(request, name)
    if (given !== '' || field === undefined) return given
    const value = request.headers[field]
    return Array.isArray(value) ? value.join(', ') : (value ?? '')
  }
}

function cgiVariable(request: IncomingMessage, name: string): string {
  if (request.httpVersionMajor >= 2) return '' // its socket may be gone, and has no variables
  const { [REQUEST_VARIABLES]: given } = request.socket as WithRequestVariables
  return given?.get(name) ?? ''
}

/** 0: the connection ended before a response began. */
export function statusOf(response: ServerResponse): number {
  return response.headersSent ? response.statusCode : 0
}

/** Bytes of the body with its framing. A pipelined response counts bytes of its neighbours. */
export function bodySizeOf({ sentSize, response }: LoggedRequest): number {
  return Math.max(0, sentSize - headOf(response).length)
}

/** Node.js has no other name for the header as it was sent, and HTTP/2 has none at all. */
export function headOf(response: ServerResponse): string {
  const { _header: head }: { _header?: unknown } = Object(response)
  return typeof head === 'string' ? head : ''
}

/** Lines between the status line and the empty line. */
function countFields(head: string): number {
  let count = -2
  for (let at = head.indexOf('\n'); at !== -1; at = head.indexOf('\n', at + 1)) count++
  return Math.max(0, count)
}

function escapeText(value: string | number): string {
  if (typeof value === 'number') return String(value)
  if (!UNSAFE.test(value)) return value
  const bytes = BEYOND_BYTES.test(value) ? toBytes(value) : value
  return bytes.replaceAll(ALL_UNSAFE, character => {
    return `\\x${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
  })
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach a log
const UNSAFE = /[\x00-\x1f\x7f"\\\u0100-\uffff]/
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not reach a log
const ALL_UNSAFE = /[\x00-\x1f\x7f"\\]/g

const BEYOND_BYTES = /[\u0100-\uffff]/

/** The UTF-8 of a text, one character for each byte. */
function toBytes(text: string): string {
  return Buffer.from(text).toString('latin1')
}
