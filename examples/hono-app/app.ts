/**
 * A Hono app that stores its slow pages in the cache of its instance, where nginx finds them.
 *
 *     node dist/examples/hono-app/show.js                   sends it a few requests and ends
 *     npx undercroft serve examples/hono-app/app.ini        serves it until you stop it
 */

import { Hono } from 'hono'
import { html } from 'hono/html'
import { responseToBytes } from 'undercroft/http'
import { cache_inc, cache_num, cache_update } from 'undercroft/uwsgi'

const MINUTE = 60 // uWSGI's functions count in seconds

const app = new Hono()

app.get('/hello/:name', async c => {
  const page = await c.html(html`<h1>Hello ${c.req.param('name')}</h1>`)
  // nginx uses $request_uri as the key: path and query as the client sent them.
  const { pathname, search } = new URL(c.req.url)
  cache_update(pathname + search, await responseToBytes(page.clone()), MINUTE)
  return page
})

app.get('/visits', c => {
  cache_inc('visits')
  return c.text(`visit ${cache_num('visits')}`)
})

export default app
