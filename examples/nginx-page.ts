/**
 * A page that nginx serves without Node: Node stores it once, and nginx reads it from the cache.
 *
 *     node dist/examples/nginx-page.js                  prints what nginx would receive, and ends
 *     node dist/examples/nginx-page.js 127.0.0.1:3031   serves the cache until you stop it
 */

import { Cache } from 'undercroft'
import { sendMessageRaw } from 'undercroft/client'
import { responseToBytes } from 'undercroft/http'
import { serveCaches } from 'undercroft/server'

const [listen] = process.argv.slice(2)
const pages = Cache.open<Buffer>({
  name: `pages-${process.pid}`, // use a plain 'pages' in your code
  maxItems: 1000,
  blockSize: 1024, // 16 blocks for each page on average
})

const page = new Response('<h1>Hello</h1>\n', {
  headers: { 'content-type': 'text/html; charset=utf-8' },
})
pages.set('/hello', await responseToBytes(page), { ttlMs: 60 * 60 * 1000 })

const server = await serveCaches([pages], {
  listen: { address: listen ?? '127.0.0.1:0', readOnly: true },
})
const [address = ''] = server.addresses

if (listen === undefined) {
  // The request of nginx for GET /hello, and the answer.
  const chunks: Buffer[] = []
  for await (const chunk of sendMessageRaw(address, 111, 3, { key: '/hello' })) chunks.push(chunk)
  console.log(Buffer.concat(chunks).toString())
  await server.close()
  pages.destroy()
} else {
  console.log(`location / {
  uwsgi_pass ${address};
  uwsgi_modifier1 111;
  uwsgi_modifier2 3;
  uwsgi_param key $request_uri;
}`)
  process.once('SIGINT', async () => {
    await server.close()
    pages.destroy()
  })
}
