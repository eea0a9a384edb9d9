/**
 * Prints which source files of this package one warm call passes through, and how many functions.
 *
 *     node build/tools/files-of-a-call.js set
 *
 * The number of files is what a reader has to open to follow the call. A file counts when one of
 * its functions runs during the measured call, in the process that answers it. Add a call of your
 * own to `CALLS`.
 */

import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { Cache, type CacheOptions } from '../src/index.ts'
import { HEADER_SIZE } from '../src/protocols/uwsgi/index.ts'
import { serveCaches } from '../src/server/index.ts'
import { until } from '../testing/deadline.ts'
import { magic } from '../testing/magic.ts'
import { RawClient } from '../testing/raw-client.ts'
import { startServe } from '../testing/runner-process.ts'
import { programScope, type Scope } from '../testing/scope.ts'
import { CallCoverage, type CalledFunctions } from './call-coverage.ts'

const WARM_UP_CALLS = 200

/** Every call this tool knows, by the name to give on the command line. */
const CALLS: Readonly<Record<string, (scope: Scope) => Promise<CalledFunctions>>> = {
  get: () => onCache(cache => cache.get('key')),
  'get-shared': () => onCache(cache => cache.get('key'), { near: false }),
  set: () => onCache(cache => cache.set('key', VALUE)),
  'set-ttl': () => onCache(cache => cache.set('key', VALUE, { ttlMs: 60_000 })),
  has: () => onCache(cache => cache.has('key')),
  increment: () => onCache(cache => cache.increment('counter')),
  'uwsgi-get': uwsgiGet,
  'http-hit': httpHit,
}

/** The smallest of several measurements: a timer of the worker may run during one. */
const HTTP_ROUNDS = 10
const APP = fileURLToPath(new URL('./covered-app.js', import.meta.url))
const VALUE = 'x'.repeat(100)

async function onCache(
  run: (cache: Cache) => unknown,
  options: Partial<CacheOptions> = {},
): Promise<CalledFunctions> {
  const cache = openCache(options)
  try {
    return await measureHere(() => run(cache))
  } finally {
    cache.destroy()
  }
}

/** A get over a connection that stays open. The client is not a part of `src/`. */
async function uwsgiGet(): Promise<CalledFunctions> {
  // As `undercroft serve` opens a cache that names no eviction.
  const cache = openCache({ eviction: 'none' })
  const server = await serveCaches([cache], { listen: '127.0.0.1:0' })
  const client = await RawClient.connect(server.addresses[0] ?? '')
  const packet = magic({ cmd: 'get', key: 'key', keep: '1' })
  const header = await client.send(packet).receive(HEADER_SIZE)
  const bodySize = header.readUInt16LE(1) + VALUE.length
  await client.receive(bodySize)
  const called = await measureHere(() => client.send(packet).receive(HEADER_SIZE + bodySize))
  client.close()
  await server.close()
  cache.destroy()
  return called
}

/** A page from the HTTP cache of a worker, over a connection that stays open. */
async function httpHit(scope: Scope): Promise<CalledFunctions> {
  const app = ['--module', APP, '--http', '127.0.0.1:0', '--processes', '1']
  const pages = ['--cache2', 'name=pages,items=100,blocksize=1024', '--http-cache', 'pages']
  const { port, workers, service } = await startServe(scope, [...app, ...pages])
  const agent = new Agent({ keepAlive: true })
  const hit = async () => {
    const [response] = await once(request({ host: '127.0.0.1', port, agent }).end(), 'response')
    await text(response)
    return String(response.headers['cache-status']).startsWith('undercroft; hit')
  }
  await until('the page is stored', hit)
  for (let call = 0; call < WARM_UP_CALLS; call++) await hit()
  const [worker = 0] = workers
  const measured: CalledFunctions[] = []
  for (let round = 1; round <= HTTP_ROUNDS; round++) {
    const lines = (pattern: RegExp) => (output: string) =>
      [...output.matchAll(pattern)].map(([, line = '']) => line)[round - 1]
    process.kill(worker, 'SIGUSR2')
    await service.waitFor('the worker to measure', lines(/^(coverage begins)$/gm))
    const wasHit = await hit()
    process.kill(worker, 'SIGUSR2')
    const line = await service.waitFor('what ran', lines(/^coverage: (.*)$/gm))
    if (!wasHit) throw new Error('the page was not stored any more')
    measured.push(JSON.parse(line))
  }
  agent.destroy()
  const [smallest = {}] = measured.sort((a, b) => Object.keys(a).length - Object.keys(b).length)
  return smallest
}

function openCache(options: Partial<CacheOptions>): Cache {
  const name = `files-of-a-call-${process.pid}`
  const cache = Cache.open({ name, maxItems: 100, ...options })
  cache.set('key', VALUE)
  return cache
}

/** Warms up a call that this process answers, and measures one. */
async function measureHere(run: () => unknown): Promise<CalledFunctions> {
  for (let call = 0; call < WARM_UP_CALLS; call++) await run()
  const coverage = await CallCoverage.start()
  await run()
  return coverage.end()
}

const [name = ''] = process.argv.slice(2)
const measure = CALLS[name]
if (measure === undefined) {
  console.error(`usage: node build/tools/files-of-a-call.js ${Object.keys(CALLS).join(' | ')}`)
  process.exitCode = 2
} else {
  const scope = programScope()
  const called = await measure(scope).finally(() => scope.end())
  const functionCount = Object.values(called).reduce((sum, names) => sum + names.length, 0)
  for (const [file, names] of Object.entries(called)) console.log(`${file}  ${names.join(', ')}`)
  console.log(`${name}: ${Object.keys(called).length} files, ${functionCount} functions`)
}
