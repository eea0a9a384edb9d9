/**
 * The stats server: uWSGI's tools and Prometheus read the counts of caches from it.
 */

import { createServer, isIP, type Server, type Socket } from 'node:net'
import type { CacheStats } from '../base/index.ts'
import { formatMetrics } from '../metrics/index.ts'
import { isAdmitted, type Listening, listen } from '../net/index.ts'
import { StatsConnection } from './stats-connection.ts'
import { formatDocument, makeDocument, workerOfProcess } from './stats-document.ts'
import type { ProcessFacts } from './stats-facts.ts'
import { answerHttp, type StatsContent, type StatsRequest } from './stats-http.ts'
import {
  type ResolvedStatsOptions,
  requireDifferentNames,
  resolveStatsOptions,
  type StatsOptions,
  type StatsSource,
} from './stats-options.ts'

/** A running stats server; made by {@link serveStats}. */
export interface StatsServer {
  /** The address listened on, with a real port number. */
  readonly address: string
  /** Stops accepting connections, sends answers that have begun, and removes a socket file. */
  close(): Promise<void>
  /** The same as {@link StatsServer.close}. */
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * Serves the counts of caches at one address. uWSGI's tools, which connect and read, get uWSGI's
 * JSON. HTTP clients get the same JSON at `/`, and Prometheus text at `/metrics`.
 *
 * The counts include all processes that share a cache, so one stats server is enough.
 *
 * @param caches - The caches, each with its own name. The server does not close them.
 * @param options - The address, the layout, and limits.
 * @throws UndercroftError `UNDERCROFT_OPTION_INVALID` for bad options and for an address that other
 * machines reach without `allowPublic`; `UNDERCROFT_SYSTEM` when the address cannot be bound.
 *
 * @example
 * await using stats = await serveStats([cache], { address: '127.0.0.1:9191' })
 */
export async function serveStats(
  caches: readonly StatsSource[],
  options: StatsOptions,
): Promise<StatsServer> {
  const server = new SocketStatsServer(requireDifferentNames(caches), resolveStatsOptions(options))
  await server.start()
  return server
}

class SocketStatsServer implements StatsServer {
  readonly #caches: readonly StatsSource[]
  readonly #options: ResolvedStatsOptions
  readonly #server: Server
  readonly #content: StatsContent
  /** Read once: the directory can be gone later, and then reading it would throw. */
  readonly #cwd = process.cwd()
  readonly #connections = new Set<StatsConnection>()
  #listening: Listening | undefined
  #closing: Promise<void> | undefined

  constructor(caches: readonly StatsSource[], options: ResolvedStatsOptions) {
    this.#caches = caches
    this.#options = options
    this.#server = createServer(SOCKET_OPTIONS, socket => this.#accept(socket))
    this.#content = {
      allowOrigin: options.allowOrigin,
      allowsHost: host => allowsHost(options.hosts, host),
      document: () => this.#document(),
      metrics: () => formatMetrics(this.#readStats()),
    }
  }

  get address(): string {
    return this.#listening?.address ?? ''
  }

  async start(): Promise<void> {
    this.#listening = await listen(this.#server, this.#options.listener)
    this.#server.on('error', this.#options.onError) // such as no file descriptors left for accept
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #accept(socket: Socket): void {
    const { maxConnections, timeoutMs, listener } = this.#options
    const isFull = this.#connections.size >= maxConnections
    if (this.#closing !== undefined || isFull || !isAdmitted(listener.access, socket)) {
      socket.destroy()
      return
    }
    const connection = new StatsConnection(socket, timeoutMs, request => this.#respond(request))
    this.#connections.add(connection)
    socket.once('close', () => this.#connections.delete(connection))
  }

  #respond(request: StatsRequest): string {
    if (request.kind === 'plain' && !this.#options.http) return this.#document()
    return answerHttp(request, this.#content)
  }

  #document(): string {
    const { version, uwsgiItemCount, sockets, minified } = this.#options
    const caches = this.#readStats()
    const facts = readProcessFacts(this.#cwd)
    const workers = this.#options.workers?.() ?? [workerOfProcess(facts)]
    const all = { version, process: facts, caches, uwsgiItemCount, sockets, workers }
    return formatDocument(makeDocument(all), minified)
  }

  /** A cache that cannot be read must not hide the others. */
  #readStats(): CacheStats[] {
    return this.#caches.flatMap(cache => {
      try {
        return [cache.stats()]
      } catch (error) {
        this.#options.onError(error instanceof Error ? error : new Error(String(error)))
        return []
      }
    })
  }

  async #close(): Promise<void> {
    const closed = new Promise<void>(resolve => this.#server.close(() => resolve()))
    await this.#listening?.release()
    for (const connection of this.#connections) connection.close()
    await closed
  }
}

/** A page whose host is an address has no name that an attacker can point to this machine. */
function allowsHost(hosts: ReadonlySet<string> | undefined, host: string): boolean {
  return hosts === undefined || isIP(host) !== 0 || hosts.has(host.toLowerCase())
}

/** With half-open connections a client may end its side first and still gets its answer. */
const SOCKET_OPTIONS = { allowHalfOpen: true, noDelay: true }

function readProcessFacts(cwd: string): ProcessFacts {
  return {
    pid: process.pid,
    uid: process.getuid?.() ?? 0,
    gid: process.getgid?.() ?? 0,
    cwd,
    rss: process.memoryUsage.rss(),
    startedAtMs: performance.timeOrigin,
  }
}
