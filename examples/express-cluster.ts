/**
 * An Express application in a cluster: a login at one worker holds at all, and all workers together
 * allow each client five logins a minute. It needs the packages express, express-session and
 * express-rate-limit.
 *
 *     node dist/examples/express-cluster.js          sends itself a few requests and ends
 *     node dist/examples/express-cluster.js 8080     serves until you stop it
 */

import cluster from 'node:cluster'
import { once } from 'node:events'
import express from 'express'
import { rateLimit } from 'express-rate-limit'
import session from 'express-session'
import { Cache } from 'undercroft'
import { UndercroftStore as LimitStore } from 'undercroft/rate-limit'
import { UndercroftStore as SessionStore } from 'undercroft/session'

declare module 'express-session' {
  interface SessionData {
    user?: string
  }
}

const WORKERS = 2
const [port] = process.argv.slice(2)
// One cache can hold both. The pid keeps two demonstrations apart; use a plain name in your code.
const runner = cluster.isPrimary ? process.pid : process.ppid
const cache = Cache.open({
  name: port === undefined ? `express-${runner}` : 'express',
  maxItems: 10_000,
})

if (cluster.isPrimary) await startWorkers()
else await serve(cluster.worker?.id ?? 0)

async function startWorkers(): Promise<void> {
  // In turn, so that the demonstration reaches both.
  cluster.schedulingPolicy = cluster.SCHED_RR
  const workers = Array.from({ length: WORKERS }, () => cluster.fork())
  const bound = await Promise.all(workers.map(worker => once(worker, 'listening')))
  const [address] = bound[0] as [{ port: number }]
  const url = `http://127.0.0.1:${address.port}`
  if (port !== undefined) {
    console.log(`serving ${url}`)
    return
  }
  await show(url)
  cluster.disconnect()
  cache.destroy()
}

async function serve(worker: number): Promise<void> {
  const app = express()
  app.use(
    session({
      store: new SessionStore({ cache, prefix: 'sess' }),
      secret: process.env.SESSION_SECRET ?? 'only for a demonstration',
      resave: false,
      saveUninitialized: false,
    }),
  )
  const store = new LimitStore({ cache, prefix: 'login' })
  app.post('/login', rateLimit({ windowMs: 60_000, limit: 5, store }), (request, response) => {
    request.session.user = 'Ada'
    response.send('welcome')
  })
  app.get('/', (request, response) => {
    response.set('x-worker', String(worker)).send(`hello ${request.session.user ?? 'stranger'}`)
  })
  app.listen(Number(port ?? 0), '127.0.0.1')
}

async function show(url: string): Promise<void> {
  // A connection of its own for each request, so that both workers get some.
  const send = (path: string, init: RequestInit) =>
    fetch(url + path, { ...init, headers: { ...init.headers, connection: 'close' } })
  const logins: Response[] = []
  for (let i = 0; i < 7; i++) logins.push(await send('/login', { method: 'POST' }))
  console.log(`seven logins: ${logins.map(({ status }) => status).join(' ')}`)
  const [cookie = ''] = (logins[0]?.headers.get('set-cookie') ?? '').split(';')
  const greetings = new Map<string, string>()
  while (greetings.size < WORKERS) {
    const response = await send('/', { headers: { cookie } })
    greetings.set(response.headers.get('x-worker') ?? '', await response.text())
  }
  for (const worker of [...greetings.keys()].sort()) {
    console.log(`worker ${worker}: ${greetings.get(worker)}`)
  }
}
