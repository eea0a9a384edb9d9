/**
 * The application of the runner's tests. Each path performs what one of the tests needs.
 */

import cluster from 'node:cluster'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { cache } from '../src/auto.ts'
import { cache_get, cache_inc, cache_num, cache_update, opt } from '../src/uwsgi/index.ts'

/** The body of the response; undefined if the path answers itself or never. */
type Answer = unknown

/** Memory that `/grow` keeps. */
const grown: Buffer[] = []

const PATHS: Readonly<
  Record<string, (query: (name: string) => string, response: ServerResponse) => Answer>
> = {
  '/pid': async query => {
    await delay(Number(query('ms')))
    return process.pid
  },
  '/worker': () => `${cluster.isWorker} ${cluster.worker?.id}`,
  '/slow': async query => {
    await delay(Number(query('ms')))
    return `slow ${process.pid}`
  },
  '/stream': async (query, response) => {
    response.writeHead(200, { 'content-type': 'text/plain' }).write('begun ')
    await delay(Number(query('ms')))
    return 'ended'
  },
  '/loop': () => {
    for (;;) cache_num('nothing')
  },
  '/hang': () => undefined,
  '/crash': () => {
    setImmediate(() => {
      throw new Error('the application crashed')
    })
  },
  '/grow': query => {
    grown.push(Buffer.alloc(Number(query('mib')) << 20, 1))
    return 'grown'
  },
  '/throw': () => {
    throw new Error('thrown by the application')
  },
  '/reject': () => {
    setImmediate(() => void Promise.reject(new Error('rejected by the application')))
    return 'a promise will be rejected'
  },
  '/env': query => process.env[query('name')] ?? 'not set',
  '/cwd': () => process.cwd(),
  '/user': () => [process.getuid?.(), process.getgid?.(), process.getgroups?.()].join(' '),
  '/opt': query => String(opt[query('name')]),
  '/set': query => cache_update(query('key'), query('value'), 0, query('cache')) ?? 'not set',
  '/get': query => cache_get(query('key'), query('cache')) ?? 'a miss',
  '/count': () => {
    cache_inc('count')
    return cache_num('count')
  },
  '/auto': query => {
    cache.set('auto', { from: query('value') })
    return `${cache.shared} ${JSON.stringify(cache.get('auto'))}`
  },
  '/thread': async query => {
    const script = new URL('./runner-app-thread.js', import.meta.url)
    const [answer] = await once(new Worker(script, { workerData: query('key') }), 'message')
    return answer
  },
}

const SLOW_PATHS = new Set(['/slow', '/stream', '/loop', '/hang', '/crash'])

export default async function app(
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
  const act = PATHS[pathname]
  if (act === undefined) {
    response.writeHead(404).end()
    return
  }
  // Tests wait for this line to know that the request is under way.
  if (SLOW_PATHS.has(pathname)) console.log(`begun ${pathname} in ${process.pid}`)
  const text = await act(name => searchParams.get(name) ?? '', response)
  if (text !== undefined) response.end(String(text))
}

/** The same application under another name. */
export function flaskapp(_request: IncomingMessage, response: ServerResponse): void {
  response.end('flaskapp')
}
