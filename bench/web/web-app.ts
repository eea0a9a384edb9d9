/**
 * The application of the runner in the web benchmark. It answers the first request; then the rules
 * answer from the cache.
 */

import type { IncomingMessage, ServerResponse } from 'node:http'

const body = 'x'.repeat(Number(process.env.BENCH_BODY_SIZE))
const vary = process.env.BENCH_VARY ?? ''

export default function answer(_: IncomingMessage, response: ServerResponse): void {
  response.setHeader('content-type', 'text/plain')
  response.setHeader('cache-control', 'max-age=3600')
  if (vary !== '') response.setHeader('vary', vary)
  response.end(body)
}
