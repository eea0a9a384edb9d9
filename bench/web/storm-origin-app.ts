/**
 * The application behind the caches of the miss storm: `storm-origin-app.js MILLISECONDS`. It needs
 * that long for a page, and answers `/count` with the number of pages that it has made so far. It
 * prints its port.
 */

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

const delayMs = Number(process.argv[2])
let count = 0

const server = createServer((request, response) => {
  if (request.url === '/count') return response.end(String(count))
  count++
  setTimeout(() => {
    response.writeHead(200, { 'cache-control': 'max-age=3600', 'content-type': 'text/plain' })
    response.end('x'.repeat(1024))
  }, delayMs)
  return undefined
})
server.listen(0, '127.0.0.1', 4096, () => {
  console.log(`port ${(server.address() as AddressInfo).port}`)
})
