/**
 * The line of one request as a JSON document, under the names of uWSGI's variables. Only ASCII
 * leaves here, so the line is valid JSON regardless of the bytes that a client has sent.
 */

import type { LineBuffer } from './line-buffer.ts'
import {
  bodySizeOf,
  type LineFormat,
  type LogFacts,
  type LoggedRequest,
  statusOf,
} from './log-format.ts'

/** Undefined: the document does not have the field. */
type Field = (request: LoggedRequest) => string | number | undefined

export function jsonFormat({ pid, workerId }: LogFacts): LineFormat {
  const time = makeIsoTime()
  const fields: Readonly<Record<string, Field>> = {
    time: ({ startedAtMs }) => time(startedAtMs),
    pid: () => pid,
    wid: () => workerId,
    addr: ({ address }) => address ?? '',
    method: ({ request }) => request.method,
    uri: ({ uri }) => uri,
    proto: ({ request }) => `HTTP/${request.httpVersion}`,
    host: ({ request }) => request.headers.host,
    referer: ({ request }) => request.headers.referer,
    uagent: ({ request }) => request.headers['user-agent'],
    status: ({ response }) => statusOf(response),
    size: ({ sentSize }) => sentSize,
    hsize: ({ head }) => head.length,
    rsize: bodySizeOf,
    micros: ({ tookMs }) => Math.round(tookMs * 1000),
  }
  const parts = Object.entries(fields).map(([name, read], i) => {
    return { start: Buffer.from(`${i === 0 ? '{' : ','}"${name}":`), read }
  })
  return (line, logged, logVariables) => {
    for (const { start, read } of parts) {
      const value = read(logged)
      if (value === undefined) continue
      line.appendBytes(start)
      if (typeof value === 'number') line.appendNumber(value)
      else line.appendJson(value)
    }
    if (logVariables.size > 0) appendVariables(line, logVariables)
    line.appendBytes(END)
  }
}

const END = Buffer.from('}')

function appendVariables(line: LineBuffer, variables: ReadonlyMap<string, string>): void {
  let separator = ',"logvars":{'
  for (const [name, value] of variables) {
    line.appendPlain(separator)
    line.appendJson(name)
    line.appendPlain(':')
    line.appendJson(value)
    separator = ','
  }
  line.appendBytes(END)
}

/** As `toISOString`, which would cost as much as half of the line, for many times a second. */
function makeIsoTime(): (atMs: number) => string {
  let second = Number.NaN
  let start = ''
  return atMs => {
    const now = Math.floor(atMs / 1000)
    if (now !== second) {
      second = now
      start = new Date(now * 1000).toISOString().slice(0, -'000Z'.length)
    }
    return `${start}${String(Math.floor(atMs) - now * 1000).padStart(3, '0')}Z`
  }
}
