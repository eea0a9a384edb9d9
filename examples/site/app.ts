/**
 * A plain Node application for the runner. It counts visits in a cache that all workers share.
 * Rules in site.ini cache its slow page without its knowledge.
 *
 *     npx undercroft serve examples/site/site.ini       serves it until you stop it
 *     node dist/examples/site/show.js                   does so, sends a few requests, and ends
 */

import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { cache_inc, cache_num } from 'undercroft/uwsgi'

export default async function app(
  { url }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  response.setHeader('content-type', 'text/plain')
  if (url === '/') {
    cache_inc('visits')
    response.end(`visit ${cache_num('visits')}`)
  } else if (url === '/report') {
    await delay(50) // a database, for example
    response.end(`made by process ${process.pid}`)
  } else {
    response.writeHead(404).end('no such page')
  }
}
