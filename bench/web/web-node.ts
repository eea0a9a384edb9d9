/**
 * Two workers of `node:cluster` for the web benchmark: `web-node.js KIND SIZE`.
 * Prints the port when both workers serve. SIGTERM ends it.
 */

import cluster from 'node:cluster'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { HttpCache } from '../../src/http-cache/index.ts'
import { Cache } from '../../src/index.ts'

const WORKER_COUNT = 2

const [kind = 'hello', size = '13', directory = ''] = process.argv.slice(2)

if (cluster.isPrimary) await startWorkers()
else createServer(listenerOf(kind)).listen(0, '127.0.0.1')

async function startWorkers(): Promise<void> {
  const workers = Array.from({ length: WORKER_COUNT }, () => cluster.fork())
  process.on('SIGTERM', () => process.exit())
  const listening = await Promise.all(workers.map(worker => once(worker, 'listening')))
  console.log(`port ${listening[0]?.[0].port}`)
}

function listenerOf(wanted: string): RequestListener {
  const body = 'x'.repeat(Number(size))
  const hello: RequestListener = (_, response) => {
    response.end(body)
  }
  if (wanted === 'hello') return hello
  const cache = Cache.open({ name: 'pages', directory, maxItems: 1000 })
  return new HttpCache({ cache }).listener((request, response) => {
    response.setHeader('content-type', 'text/plain')
    response.setHeader('cache-control', 'max-age=3600')
    hello(request, response)
  })
}
