/**
 * One of the servers that http-cache.ts measures: `node dist/bench/http-server.js KIND SIZE`.
 * Prints its port, and ends by SIGTERM.
 */

import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { HttpCache } from '../src/http/index.ts'
import { Cache } from '../src/index.ts'

const [kind = 'hello', size = '1000'] = process.argv.slice(2)
const body = 'x'.repeat(Number(size))
const cache = Cache.open({ name: `bench-${process.pid}`, maxItems: 1000 })

const hello: RequestListener = (_, response) => {
  response.end('Hello, World!')
}
const application: RequestListener = (_, response) => {
  response.writeHead(200, { 'content-type': 'text/plain', 'cache-control': 'max-age=600' })
  response.end(body)
}
const kinds: Readonly<Record<string, RequestListener>> = {
  hello,
  application,
  cached: new HttpCache({ cache }).listener(application),
}

const server = createServer(kinds[kind])
server.listen(0, '127.0.0.1', () => {
  console.log(`port ${(server.address() as AddressInfo).port}`)
})
process.on('SIGTERM', () => {
  cache.destroy()
  process.exit()
})
