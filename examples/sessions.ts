/**
 * Sessions with a TTL behind an HTTP server. Run it in any number of processes: all of them share
 * the sessions.
 *
 *     node dist/examples/sessions.js          sends itself a few requests and ends
 *     node dist/examples/sessions.js 8080     serves until you stop it
 */

import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { Cache } from 'undercroft'

interface Session {
  readonly user: string
  readonly visits: number
}

const HALF_AN_HOUR_MS = 30 * 60 * 1000

const [port] = process.argv.slice(2)
// Without a port, this is a demonstration with its own cache.
const sessions = Cache.open<Session>({
  name: port === undefined ? `sessions-${process.pid}` : 'sessions',
  maxItems: 10_000,
  ttlMs: HALF_AN_HOUR_MS,
})

const server = createServer(answer).listen(Number(port ?? 0), '127.0.0.1')
await once(server, 'listening')
const bound = server.address()
const url = `http://127.0.0.1:${typeof bound === 'object' ? bound?.port : ''}`

if (port === undefined) {
  await show()
  server.close()
  sessions.destroy()
} else {
  console.log(`try ${url}/login?user=Ada`)
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
  if (pathname === '/login') {
    const id = randomUUID()
    sessions.set(id, { user: searchParams.get('user') ?? 'nobody', visits: 0 })
    response.setHeader('set-cookie', `sid=${id}; HttpOnly; SameSite=Lax; Path=/`)
    response.end('welcome\n')
    return
  }
  const [, id = ' '] = /(?:^|; )sid=([^;]+)/.exec(request.headers.cookie ?? '') ?? []
  const session = sessions.get(id)
  if (session === undefined) {
    response.writeHead(401).end('please log in\n')
  } else if (pathname === '/logout') {
    sessions.delete(id)
    response.end('good bye\n')
  } else {
    const visits = session.visits + 1
    sessions.set(id, { ...session, visits }) // set restarts the half hour
    response.end(`${session.user}, visit ${visits}\n`)
  }
}

async function show(): Promise<void> {
  const login = await fetch(`${url}/login?user=Ada`)
  const [cookie = ''] = (login.headers.get('set-cookie') ?? '').split(';')
  const ask = async (path: string) => {
    const response = await fetch(url + path, { headers: { cookie } })
    console.log(`${path}: ${response.status} ${(await response.text()).trim()}`)
  }
  await ask('/')
  await ask('/')
  const leftMs = sessions.ttlMs(cookie.slice('sid='.length)) ?? 0
  console.log(`the session ends in ${Math.ceil(leftMs / 60_000)} minutes`)
  await ask('/logout')
  await ask('/')
}
