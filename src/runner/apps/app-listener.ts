/**
 * Each kind of app as a Node listener.
 */

import type { RequestListener, ServerResponse } from 'node:http'
import type { App } from './app-kind.ts'
import { answerFailure } from './failure.ts'
import { fetchListener } from './fetch-listener.ts'

export async function listenerOf(
  app: App,
  onError: (error: unknown) => void,
): Promise<RequestListener> {
  switch (app.kind) {
    case 'fetch':
      return fetchListener(app.handler, onError)
    case 'listener':
      return watchedListener(app.listener, onError)
    case 'server':
      return (request, response) => {
        app.server.emit('request', request, response)
      }
  }
}

/**
 * A Fetch handler with two parameters passes for a listener, and nobody would ever answer: what it
 * returns gives it away. Failures of a listener are treated as Node treats them.
 */
function watchedListener(
  listener: RequestListener,
  onError: (error: unknown) => void,
): RequestListener {
  return (request, response) => {
    const returned: unknown = listener(request, response)
    if (returned instanceof Promise) returned.then(value => refuseFetch(value, response, onError))
    else refuseFetch(returned, response, onError)
  }
}

function refuseFetch(
  returned: unknown,
  response: ServerResponse,
  onError: (error: unknown) => void,
): void {
  if (!(returned instanceof Response) || response.headersSent) return
  onError(
    new TypeError(
      'the app has two parameters, as Node listeners have, but returned a Response; ' +
        'export such a Fetch handler as { fetch: handler }',
    ),
  )
  answerFailure(response)
}
