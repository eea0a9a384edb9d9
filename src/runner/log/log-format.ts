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
import { type LineBuffer, toLatin1 } from './line-buffer.ts'
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
  /** The header of the response as it was sent; empty if there was none. */
  readonly head: string
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

/** Facts that do not change from request to request. */
export interface LogFacts {
  readonly pid: number
  readonly workerId: number
}

/** Appends the line of a request without its line end. */
export type LineFormat = (
  line: LineBuffer,
  request: LoggedRequest,
  logVariables: ReadonlyMap<string, string>,
) => void

type Variable = (request: LoggedRequest) => string | number
type TextVariable = (request: LoggedRequest) => string

/** A variable and the literal text before it. */
interface Part {
  readonly literal: Uint8Array
  readonly read: (
    request: LoggedRequest,
    logVariables: ReadonlyMap<string, string>,
  ) => string | number
  /** Whether clients or applications choose the text. Only such text is escaped. */
  readonly isUnsafe: boolean
}

/**
 * uWSGI's own format, with the numbers that make no sense here as a uWSGI without threads has them.
 */
export const DEFAULT_FORMAT =
  '[pid: %(pid)|app: 0|req: %(count)/%(count)] %(addr) (%(user)) ' +
  '{%(vars) vars in %(pktsize) bytes} [%(ctime)] %(method) %(uri) => ' +
  'generated %(rsize) bytes in %(msecs) msecs ' +
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
  const constants: Readonly<Record<string, number>> = {
    ...CONSTANTS,
    pid: facts.pid,
    wid: facts.workerId,
  }
  const plain = makePlainVariables(dateFormat)
  const findPart = (variable: string): Omit<Part, 'literal'> => {
    if (variable.startsWith('var.')) return { read: cgiPart(variable.slice(4)), isUnsafe: true }
    const readPlain = plain[variable]
    if (readPlain !== undefined) return { read: readPlain, isUnsafe: false }
    const readText = TEXT_VARIABLES[variable]
    if (readText !== undefined) return { read: readText, isUnsafe: true }
    if (logVariables.has(variable)) {
      return { read: (_, given) => toLatin1(given.get(variable) ?? ''), isUnsafe: true }
    }
    const known = [...Object.keys(TEXT_VARIABLES), ...Object.keys(plain), ...Object.keys(constants)]
    throw new UndercroftError(
      'UNDERCROFT_OPTION_INVALID',
      `${name}: %(${variable}) is not a variable${formatSuggestion(variable, known)}; ` +
        `one of ${known.join(', ')}, var.NAME, and those that the action logvar sets`,
    )
  }
  const { parts, end } = splitFormat(insertConstants(format, constants), findPart)
  return (line, request, given) => {
    for (const { literal, read, isUnsafe } of parts) {
      line.appendBytes(literal)
      const value = read(request, given)
      if (typeof value === 'number') line.appendNumber(value)
      else if (isUnsafe) line.appendText(value === '' ? empty : value)
      else line.appendPlain(value)
    }
    line.appendBytes(end)
  }
}

function insertConstants(format: string, constants: Readonly<Record<string, number>>): string {
  return format.replaceAll(/%\(([^)]*)\)/g, (variable, name: string) => {
    return String(constants[name] ?? variable)
  })
}

/** Splits a template into its variables and the literal text around them. */
function splitFormat(
  format: string,
  findPart: (variable: string) => Omit<Part, 'literal'>,
): { parts: readonly Part[]; end: Uint8Array } {
  const parts: Part[] = []
  let end = 0
  for (const { 0: whole, 1: variable = '', index } of format.matchAll(/%\(([^)]*)\)/g)) {
    parts.push({ literal: Buffer.from(format.slice(end, index)), ...findPart(variable) })
    end = index + whole.length
  }
  return { parts, end: Buffer.from(format.slice(end)) }
}

/**
 * What has one value in every request here: there are no threads, and modifiers are not passed on.
 */
const CONSTANTS = { core: 0, switches: 1, modifier1: 0, modifier2: 0 }

/** Numbers, times, and names that the HTTP parser has checked. */
function makePlainVariables(dateFormat: string): Readonly<Record<string, Variable>> {
  const ctime = compileTime(CTIME, 'log-format')
  const ltime = compileTime(APACHE_TIME, 'log-format')
  const ftime = compileTime(dateFormat, 'log-date')
  return {
    method: ({ request }) => request.method ?? '',
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
    hsize: ({ head }) => head.length,
    rsize: bodySizeOf,
    headers: makeFieldCounter(),
    cl: ({ request }) => Number(request.headers['content-length'] ?? 0),
    vars: ({ request }) => request.rawHeaders.length / 2,
    pktsize: ({ request }) => sizeOf(request.rawHeaders),
    count: ({ number }) => number,
    rss: () => process.memoryUsage.rss(),
    rssM: () => Math.floor(process.memoryUsage.rss() / 1048576),
  }
}

/** What clients and web servers choose. */
const TEXT_VARIABLES: Readonly<Record<string, TextVariable>> = {
  uri: ({ uri }) => uri,
  addr: ({ address }) => address ?? '',
  user: ({ request }) => cgiVariable(request, 'REMOTE_USER'),
  proto: ({ request }) => cgiVariable(request, 'SERVER_PROTOCOL') || `HTTP/${request.httpVersion}`,
  host: ({ request }) => String(request.headers.host ?? request.headers[':authority'] ?? ''),
  uagent: ({ request }) => request.headers['user-agent'] ?? '',
  referer: ({ request }) => request.headers.referer ?? '',
}

function sizeOf(texts: readonly string[]): number {
  let size = 0
  for (const text of texts) size += text.length
  return size
}

/** One CGI variable, from the uwsgi packet or from the field of HTTP with its name. */
function cgiPart(name: string): TextVariable {
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
export function bodySizeOf({ sentSize, head }: LoggedRequest): number {
  return Math.max(0, sentSize - head.length)
}

/** Node.js has no other name for the header as it was sent, and HTTP/2 has none at all. */
export function headOf(response: ServerResponse): string {
  const { _header: head }: { _header?: unknown } = Object(response)
  return typeof head === 'string' ? head : ''
}

/** Remembers the last header: most responses of a second have the same one. */
function makeFieldCounter(): Variable {
  let last = ''
  let count = 0
  return ({ head }) => {
    if (head !== last) {
      last = head
      count = countFields(head)
    }
    return count
  }
}

/** Lines between the status line and the empty line. */
function countFields(head: string): number {
  let count = -2
  for (let at = head.indexOf('\n'); at !== -1; at = head.indexOf('\n', at + 1)) count++
  return Math.max(0, count)
}
