/**
 * Assertions about the source of a response: a cache, the application of the recipes, or none.
 */

import assert from 'node:assert/strict'
import type { RawResponse } from './raw-http.ts'

const OK = 'HTTP/1.1 200 OK'

/** From a cache, with these headers and no other. */
export function assertCached(
  response: RawResponse,
  headers: readonly string[],
  text: string,
): void {
  assert.deepEqual([response.statusLine, response.headers, response.text], [OK, headers, text])
}

/** From the application, with its own headers. */
export function assertFresh(response: RawResponse, text: string): void {
  assert.equal(response.statusLine, OK)
  assert.ok(response.headers.includes('X-App: 1'), response.raw)
  assert.equal(response.text, text)
}

/** Closed without a byte. */
export function assertNothing(response: RawResponse): void {
  assert.deepEqual([response.raw, response.isClosed], ['', true])
}

/** The headers of a page out of a cache. */
export function html(text: string): string[] {
  return ['Content-Type: text/html', `Content-Length: ${text.length}`]
}
