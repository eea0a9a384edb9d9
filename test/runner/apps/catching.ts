/**
 * Looking at requests from inside the app, and at answers from outside.
 */

import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { until } from '../../../testing/deadline.ts'

/** Status line and fields; and the body. */
export function split(answer: Buffer): { head: string; body: string } {
  const [head = '', ...rest] = answer.toString('latin1').split('\r\n\r\n')
  return { head, body: rest.join('\r\n\r\n') }
}

/** A listener that hands over what it gets, for the test to answer. */
export function caught() {
  const requests: [request: IncomingMessage, response: ServerResponse][] = []
  const listener: RequestListener = (request, response) => requests.push([request, response])
  const next = () => until('the app has the request', () => requests.shift())
  return { listener, next }
}
