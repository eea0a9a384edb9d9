/**
 * A web server whose pages are cached in shared memory. One process or many create each page only
 * once.
 *
 *     node dist/examples/cached-site.js
 */

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Cache } from 'undercroft'
import { HttpCache } from 'undercroft/http'

// Use a plain 'pages' in your code.
const cache = Cache.open({ name: `pages-${process.pid}`, maxItems: 1000 })
const pages = new HttpCache({ cache })

let made = 0
const server = createServer(
  pages.listener(async (request, response) => {
    if (request.method === 'POST') {
      response.writeHead(204).end() // this request changed the page
      return
    }
    made++
    await new Promise(resolve => setTimeout(resolve, 50)) // a slow page
    response.setHeader('Content-Type', 'text/html')
    response.setHeader('Cache-Control', 'max-age=60') // without this header nothing is stored
    response.end(`<h1>made ${made} time(s)</h1>`)
  }),
)
server.listen(0, '127.0.0.1')
await once(server, 'listening')
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/news`

/** @returns what the cache did, without the seconds */
function outcome(response: Response): string {
  const status = response.headers.get('cache-status') ?? ''
  return `${response.status} ${status.replace(/ ttl=\d+;?/, '').replace(/;$/, '')}`
}

const first = await Promise.all(Array.from({ length: 20 }, () => fetch(url)))
const bodies = await Promise.all(first.map(response => response.text()))
console.log(`20 at once: ${new Set(bodies).size} page, ${bodies[0]}`)

console.log(`once more: ${outcome(await fetch(url))}`)
const part = await fetch(url, { headers: { range: 'bytes=0-3' } })
console.log(`its first bytes: ${outcome(part)}: ${await part.text()}`)

await fetch(url, { method: 'POST' })
const changed = await fetch(url)
console.log(`after a change: ${outcome(changed)}: ${await changed.text()}`)

server.close()
server.closeAllConnections()
cache.destroy()
