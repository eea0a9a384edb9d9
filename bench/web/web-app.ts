/**
 * The application that the runner has in the web benchmark. It is asked once; from then on rules
 * answer.
 */

import type { IncomingMessage, ServerResponse } from 'node:http'

const body = 'x'.repeat(Number(process.env.BENCH_BODY_SIZE))

export default function answer(_: IncomingMessage, response: ServerResponse): void {
  response.setHeader('content-type', 'text/plain')
  response.end(body)
}
