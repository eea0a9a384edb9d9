/**
 * A site for a test: an INI file's rules and caches in front of an application, on a real port.
 */

import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { REQUEST_VARIABLES } from '../../../src/http-message/index.ts'
import { Cache } from '../../../src/index.ts'
import { preloadCache } from '../../../src/runner/caches/preload-cache.ts'
import { closeCaches, findCache } from '../../../src/uwsgi/api/index.ts'
import { LocalUwsgiCache } from '../../../src/uwsgi/api/local-uwsgi-cache.ts'
import {
  type CacheDefinition,
  loadOptions,
  resolveCaches,
} from '../../../src/uwsgi/options/index.ts'
import { createRouter, type Router } from '../../../src/uwsgi/rules/index.ts'
import { decodePath } from '../../../src/uwsgi/rules/variables.ts'
import { fakeHostEnvironment } from '../../../testing/fake-host-environment.ts'
import { ManualClock } from '../../../testing/manual-clock.ts'
import { onEnd, type Scope } from '../../../testing/scope.ts'
import { memoryDir } from '../../../testing/temp-dir.ts'
import { type RawRequest, type RawResponse, sendRaw } from './raw-http.ts'

export interface SiteOptions {
  /** Undefined: the application of the recipes. Null: there is none. */
  readonly application?: RequestListener | null
  /** CGI variables that a web server in front says, for one request. */
  readonly variables?: (request: IncomingMessage) => ReadonlyMap<string, string> | undefined
  /** What a server does with each request before the rules. */
  readonly prepare?: RequestListener
  /** Paths that `for-glob` finds. */
  readonly paths?: readonly string[]
}

export interface Site {
  readonly port: number
  readonly clock: ManualClock
  readonly router: Router
  /** What was logged, line by line. */
  readonly log: readonly string[]
  /** How often the application of the recipes was asked. */
  hits(): number
  get(target: string, headers?: Readonly<Record<string, string>>): Promise<RawResponse>
  send(target: string, request: RawRequest): Promise<RawResponse>
  cache(name: string): Cache<Uint8Array>
  /** The bytes under a key as text. */
  value(cache: string, key: string): string | undefined
}

const FILE = '/srv/app.ini'

/** The options of these lines below `[uwsgi]`, which begin at line 2 of /srv/app.ini. */
export function optionsOf(lines: string, paths: readonly string[] = []) {
  const others = Object.fromEntries(paths.map(path => [path, '']))
  const host = fakeHostEnvironment({ ...others, [FILE]: `[uwsgi]\n${lines}` })
  return loadOptions([{ name: 'ini', value: FILE, origin: { source: 'command line' } }], host)
    .options
}

/** Starts the site; it ends with the scope. */
export async function startSite(
  scope: Scope,
  lines: string,
  options: SiteOptions = {},
): Promise<Site> {
  const clock = new ManualClock()
  const log: string[] = []
  const parsed = optionsOf(lines, options.paths)
  const definitions = resolveCaches(parsed).caches
  const caches = openCaches(scope, definitions, clock)
  for (const definition of definitions) {
    await preloadCache(requireCache(caches, definition.name), definition, line => log.push(line))
  }
  const calls = new Map(
    definitions.map(({ name }) => [name, new LocalUwsgiCache(requireCache(caches, name))]),
  )
  const findOwn = (name = definitions[0]?.name ?? '') => calls.get(name)
  onEnd(scope, closeCaches)
  const router = createRouter(parsed, {
    clock,
    workerId: 1,
    pid: 4321,
    findCache: identifier => findOwn(identifier) ?? findCache(identifier),
    log: line => log.push(line),
  })
  const counter = { hits: 0 }
  const { application = recipeApplication(counter), variables, prepare } = options
  const routed = router.wrap(application ?? undefined)
  const server = createServer((request, response) => {
    const given = variables?.(request)
    if (given !== undefined) Object.assign(request.socket, { [REQUEST_VARIABLES]: given })
    prepare?.(request, response)
    routed(request, response)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onEnd(scope, () => {
    server.closeAllConnections()
    return new Promise(resolve => server.close(resolve))
  })
  const { port } = server.address() as AddressInfo
  const send = (target: string, request: RawRequest) => sendRaw(port, target, request)
  const cache = (name: string) => requireCache(caches, name)
  return {
    port,
    clock,
    router,
    log,
    hits: () => counter.hits,
    send,
    get: (target, headers = {}) => send(target, { headers }),
    cache,
    value: (name, key) => cache(name).getItem(key)?.bytes.toString(),
  }
}

/** As `serve` makes them, in a directory of the scope, with the site's clock. */
function openCaches(
  scope: Scope,
  definitions: readonly CacheDefinition[],
  clock: ManualClock,
): Map<string, Cache<Uint8Array>> {
  const directory = memoryDir(scope)
  const caches = new Map<string, Cache<Uint8Array>>()
  for (const definition of definitions) {
    const { name, maxItems, blockSize, blocks, bitmap, maxKeySize, eviction } = definition
    const cache = Cache.open<Uint8Array>({
      name,
      directory,
      maxItems,
      blockSize,
      ...(blocks === undefined ? {} : { blocks }),
      bitmap,
      maxKeySize,
      eviction,
      ignoreTtl: eviction === 'lru',
      counterInitial: definition.mathInitial,
      clock,
    })
    onEnd(scope, () => cache.close())
    caches.set(name, cache)
  }
  return caches
}

function requireCache(caches: ReadonlyMap<string, Cache<Uint8Array>>, name: string) {
  const found = caches.get(name)
  if (found === undefined) throw new Error(`the site has no cache ${name}`)
  return found
}

/** `page <path> q=<query> user=<user or -> hit=<n>`, as in the specification of the recipes. */
function recipeApplication(counter: { hits: number }): RequestListener {
  return (request, response) => {
    counter.hits++
    const { url = '' } = request
    const [, query = ''] = url.split('?', 2)
    const path = decodePath(url)
    const given = Reflect.get(request.socket, REQUEST_VARIABLES)
    const user = (given instanceof Map && given.get('REMOTE_USER')) || '-'
    const body = `page ${path} q=${query} user=${user} hit=${counter.hits}`
    response.setHeader('Content-Type', 'text/plain')
    response.setHeader('X-App', '1')
    response.end(body)
  }
}
