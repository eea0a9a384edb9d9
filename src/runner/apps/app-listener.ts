/**
 * Each kind of app as a Node listener.
 *
 * srvx translates between Fetch handlers and Node. This file adds what srvx leaves to its caller:
 * failures are answered with 500 and reported, and the header of a stream does not wait for the
 * stream's first bytes.
 */

import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'

/** Node's request and response; Hono calls such values bindings. */
export interface NodeBindings {
  readonly incoming: IncomingMessage
  readonly outgoing: ServerResponse
}

/** The second argument holds facts of the connection, such as the client's address. */
export type FetchHandler = (request: Request, bindings: NodeBindings) => unknown

export type App =
  | { readonly kind: 'fetch'; readonly handler: FetchHandler }
  | { readonly kind: 'listener'; readonly listener: RequestListener }
  | { readonly kind: 'server'; readonly server: Server }

export async function listenerOf(
  app: App,
  onError: (error: unknown) => void,
): Promise<RequestListener> {
  switch (app.kind) {
    case 'fetch':
      return fetchListener(app.handler, onError)
    case 'listener':
      return guardedListener(app.listener, onError)
    case 'server':
      return guardedListener((request, response) => {
        app.server.emit('request', request, response)
      }, onError)
  }
}

/**
 * Replaces the global Request and Response with those of srvx, which behave the same and cost a
 * fraction. With Node's own, `new Request` would not accept the requests that handlers get.
 */
async function fetchListener(
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
    sendUsualReason(outgoing)
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

/**
 * Lets Node choose the reason phrase of a Response without one: `HTTP/1.1 200 OK`. srvx passes the
 * empty string on, which Node sends as it is.
 */
function sendUsualReason(outgoing: ServerResponse): void {
  const { writeHead } = outgoing
  outgoing.writeHead = (status: number, ...rest: unknown[]) => {
    const [reason, ...headers] = rest
    return Reflect.apply(writeHead, outgoing, [status, ...(reason === '' ? headers : rest)])
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

/** A handler that works with an aborted request can fail without being at fault. */
function isClientGone(incoming: IncomingMessage, outgoing: ServerResponse): boolean {
  return (
    outgoing.errored === null && (outgoing.destroyed || (incoming.destroyed && !incoming.complete))
  )
}

/**
 * Answers 500 when the listener throws or rejects: in Node itself, one such request would end the
 * process with all its other requests.
 *
 * A Fetch handler with two parameters passes for a listener and never answers. The returned
 * Response reveals it.
 */
function guardedListener(
  listener: RequestListener,
  onError: (error: unknown) => void,
): RequestListener {
  return (request, response) => {
    const fail = (error: unknown) => {
      onError(error)
      answerFailure(response)
    }
    try {
      const returned: unknown = listener(request, response)
      if (returned instanceof Promise) {
        returned.then(value => refuseFetch(value, response, fail)).catch(fail)
      } else refuseFetch(returned, response, fail)
    } catch (error) {
      fail(error)
    }
  }
}

function refuseFetch(
  returned: unknown,
  response: ServerResponse,
  fail: (error: unknown) => void,
): void {
  if (!(returned instanceof Response) || response.headersSent) return
  fail(
    new TypeError(
      'the app has two parameters, as Node listeners have, but returned a Response; ' +
        'export such a Fetch handler as { fetch: handler }',
    ),
  )
}

/**
 * Answers 500 if the header has not been sent. Otherwise breaks the connection, so that the client
 * does not take part of the response for all of it.
 */
function answerFailure(response: ServerResponse): void {
  if (response.headersSent) response.destroy()
  else response.writeHead(500, FIELDS).end(TEXT)
}

const TEXT = 'Internal Server Error'
const FIELDS = { 'content-type': 'text/plain', 'content-length': TEXT.length }
