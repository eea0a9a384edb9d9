/**
 * The answer where an app failed to give one.
 */

import type { ServerResponse } from 'node:http'

/** 500 if that can still be said. Else the connection breaks: nobody shall take half for all. */
export function answerFailure(response: ServerResponse): void {
  if (response.headersSent) response.destroy()
  else response.writeHead(500, FIELDS).end(TEXT)
}

const TEXT = 'Internal Server Error'
const FIELDS = { 'content-type': 'text/plain', 'content-length': TEXT.length }
