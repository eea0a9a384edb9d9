/**
 * `limit-post`: a request with a larger body gets 413, before the application sees it or, if its
 * size is not known before, as soon as the body is too large.
 */

import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'

/** @param limit - bytes; 0: no limit */
export function limitPost(listener: RequestListener, limit: number): RequestListener {
  if (limit === 0) return listener
  return (request, response) => {
    if (Number(request.headers['content-length'] ?? 0) > limit) {
      refuse(response)
      return
    }
    if (request.headers['transfer-encoding'] !== undefined) countBody(request, response, limit)
    return listener(request, response)
  }
}

/**
 * Counts what the parser pushes: a listener of `data` would start the stream before the app does.
 */
function countBody(request: IncomingMessage, response: ServerResponse, limit: number): void {
  const push = request.push.bind(request)
  let size = 0
  request.push = (chunk: Buffer | null, encoding?: BufferEncoding): boolean => {
    size += chunk?.length ?? 0
    if (size <= limit) return push(chunk, encoding)
    if (!response.headersSent) refuse(response)
    else response.destroy()
    return false
  }
}

function refuse(response: ServerResponse): void {
  response.writeHead(413, { connection: 'close', 'content-length': 0 }).end()
}
