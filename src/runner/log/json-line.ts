/**
 * The line of one request as a JSON document, under the names of uWSGI's variables. Only ASCII
 * leaves here, so the line is valid JSON regardless of the bytes that a client has sent.
 */

import { bodySizeOf, type LineFormat, type LogFacts, statusOf } from './log-format.ts'

export function jsonFormat({ pid, workerId }: LogFacts): LineFormat {
  return (logged, logVariables) => {
    const { request, response, startedAtMs, tookMs, uri, address, sentSize, head } = logged
    const { host, referer, 'user-agent': agent } = request.headers
    const document = {
      time: new Date(startedAtMs).toISOString(),
      pid,
      wid: workerId,
      addr: address ?? '',
      method: request.method,
      uri,
      proto: `HTTP/${request.httpVersion}`,
      host,
      referer,
      uagent: agent,
      status: statusOf(response),
      size: sentSize,
      hsize: head.length,
      rsize: bodySizeOf(logged),
      micros: Math.round(tookMs * 1000),
      ...(logVariables.size === 0 ? {} : { logvars: Object.fromEntries(logVariables) }),
    }
    return escapeBeyondAscii(JSON.stringify(document))
  }
}

function escapeBeyondAscii(json: string): string {
  return json.replaceAll(/[\x7f-\uffff]/g, character => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}
