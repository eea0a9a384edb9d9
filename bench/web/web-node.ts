/**
 * Two workers of `node:cluster` for the web benchmark: `web-node.js KIND SIZE DIRECTORY VARY`. The
 * kind `proxy` has the port of its application in place of the size.
 * Prints the port when both workers serve. SIGTERM ends it.
 */

import cluster from 'node:cluster'
import { once } from 'node:events'
import { createServer, get, type RequestListener } from 'node:http'
import { HttpCache } from '../../src/http-cache/index.ts'
import { Cache } from '../../src/index.ts'

const WORKER_COUNT = 2

const [kind = 'hello', size = '13', directory = '', vary = ''] = process.argv.slice(2)

if (cluster.isPrimary) await startWorkers()
else createServer(listenerOf(kind)).listen({ port: 0, host: '127.0.0.1', backlog: 4096 })

async function startWorkers(): Promise<void> {
  const workers = Array.from({ length: WORKER_COUNT }, () => cluster.fork())
  process.on('SIGTERM', () => process.exit())
  const listening = await Promise.all(workers.map(worker => once(worker, 'listening')))
  console.log(`port ${listening[0]?.[0].port}`)
}

/** Asks the application at a port, as the other caches of the miss storm do. */
function proxyTo(port: number): RequestListener {
  return ({ url = '/' }, response) => {
    get({ host: '127.0.0.1', port, path: url }, answer => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
  }
}

function listenerOf(wanted: string): RequestListener {
  const body = 'x'.repeat(Number(size))
  const hello: RequestListener = (_, response) => {
    if (vary !== '') response.setHeader('vary', vary)
    response.end(body)
  }
  if (wanted === 'hello') return hello
  const cache = Cache.open({ name: 'pages', directory, maxItems: 1000, blocks: 10_000 })
  const pages = new HttpCache({ cache, purge: { allow: ['127.0.0.1'] } })
  if (wanted === 'proxy') return pages.listener(proxyTo(Number(size)))
  return pages.listener((request, response) => {
    response.setHeader('content-type', 'text/plain')
    response.setHeader('cache-control', 'max-age=3600')
    hello(request, response)
  })
}
