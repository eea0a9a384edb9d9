/**
 * A Fetch handler as a Node listener.
 *
 * srvx translates between the two; here is what it leaves to its caller: failures are answered
 * with 500 and told, and the header of a stream does not wait for the stream's first bytes.
 */

import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { answerFailure } from './failure.ts'

/** What Node has of a request; Hono calls such things bindings. */
export interface NodeBindings {
  readonly incoming: IncomingMessage
  readonly outgoing: ServerResponse
}

/** The second argument is for what only the connection tells, such as the client's address. */
export type FetchHandler = (request: Request, bindings: NodeBindings) => unknown

/**
 * Replaces the global Request and Response by those of srvx, which behave the same and cost a
 * fraction. With Node's own, the requests that handlers get could not be given to `new Request`.
 */
export async function fetchListener(
  handler: FetchHandler,
  onError: (error: unknown) => void,
): Promise<RequestListener> {
  const { FastResponse, NodeRequest, patchGlobalRequest, sendNodeResponse } = await import(
    'srvx/node'
  )
  patchGlobalRequest()
  Object.assign(globalThis, { Response: FastResponse })
  const answer = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const request = new NodeRequest({ req: incoming, res: outgoing })
    const response = await handler(request, { incoming, outgoing })
    const sent = sendNodeResponse(outgoing, requireResponse(response))
    if (!outgoing.writableEnded) setImmediate(flushHeaders, outgoing)
    await sent
    if (outgoing.errored) throw outgoing.errored // the stream of the body failed
  }
  return (incoming, outgoing) => {
    answer(incoming, outgoing).catch(error => {
      if (!isClientGone(incoming, outgoing)) onError(error)
      answerFailure(outgoing)
    })
  }
}

function requireResponse(value: unknown): Response {
  if (value instanceof Response) return value
  throw new TypeError(
    `the Fetch handler returned ${value === null ? 'null' : typeof value}, not a Response; ` +
      'a Node listener has two parameters, request and response',
  )
}

function flushHeaders(outgoing: ServerResponse): void {
  if (outgoing.headersSent && !outgoing.writableEnded) outgoing.flushHeaders()
}

/** What a handler does with an aborted request ends in errors that are nobody's fault. */
function isClientGone(incoming: IncomingMessage, outgoing: ServerResponse): boolean {
  return (
    outgoing.errored === null && (outgoing.destroyed || (incoming.destroyed && !incoming.complete))
  )
}
