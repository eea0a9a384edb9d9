/**
 * The environment of a command, so that tests can run commands in their own process.
 */

import type { AnyCache, Awaitable, ByteCache, Clock } from '../base/index.ts'
import type { AccessOptions } from '../net/index.ts'
import type {
  Listener,
  ListenLimits,
  MasterHost,
  MasterPlan,
  StatsListening,
} from '../runner/index.ts'
import type { CacheDefinition, HostEnvironment, SocketAddress } from '../uwsgi/options/index.ts'

/** An output of text and bytes. */
export interface CommandOutput {
  readonly isTTY: boolean
  /** Resolves when the bytes are written, so that a slow reader slows the writer. */
  write(chunk: string | Uint8Array): Promise<void>
}

/** What commands ask of a cache, local or remote: less than a cache can, so that fakes are short. */
export interface CommandTarget
  extends Pick<
    AnyCache<Uint8Array>,
    | 'name'
    | 'has'
    | 'getItem'
    | 'set'
    | 'add'
    | 'delete'
    | 'ttlMs'
    | 'count'
    | 'keyPage'
    | 'clear'
    | 'stats'
    | 'verify'
  > {
  close(): Awaitable<void>
}

/** The cache that `--cache` names. */
export interface TargetAddress {
  /** Empty only for a remote cache: the default cache of that server. */
  readonly name: string
  /** Absent for a cache on this machine. */
  readonly remote?: SocketAddress
  /** File with the secret that the server requires. */
  readonly secretFile?: string
  /** Directory of the shared segment, if not the default directory. */
  readonly directory?: string
}

/** A cache while `serve` serves it. */
export interface ServedCache {
  readonly cache: ByteCache
  close(): void
}

/** A socket to listen on, and which clients may use it. */
export interface ReadySocket {
  readonly address: SocketAddress
  readonly allowPublic: boolean
  readonly access: AccessOptions
}

/** What `serve` needs from the machine. */
export interface ServeHost {
  /**
   * `onLog` receives the lines that uWSGI would log about this cache, now and while it is served.
   */
  openCache(
    definition: CacheDefinition,
    directory: string | undefined,
    onLog: (line: string) => void,
  ): Promise<ServedCache>
  listen(socket: ReadySocket, caches: readonly ByteCache[], limits: ListenLimits): Promise<Listener>
  listenStats(listening: StatsListening): Promise<Listener>
  /** Runs a master with its workers until a signal ends it; resolves to the name of the signal. */
  runMaster(plan: MasterPlan, host: MasterHost): Promise<string>
}

/** What `top` needs from the machine. */
export interface TopHost {
  readonly clock: Clock
  /** Returns the names of the caches in that directory, or in the default directory. */
  listCaches(directory: string | undefined): readonly string[]
  /** Reads the document of a stats server, with an HTTP header if it sends one. */
  readStats(address: SocketAddress): Promise<string>
  /** Returns false once the reader of `stdout` is gone. */
  isOutputOpen(): boolean
  /** Returns the present size of the terminal behind `stdout`. */
  terminalSize(): { readonly columns: number; readonly rows: number }
  /** Waits this long, or until the terminal is resized or `signal` aborts. */
  untilRefresh(intervalMs: number, signal: AbortSignal): Promise<void>
}

/** Everything that a command uses outside itself. */
export interface CommandEnvironment {
  readonly stdin: AsyncIterable<Uint8Array>
  readonly stdout: CommandOutput
  readonly stderr: CommandOutput
  readonly host: HostEnvironment
  readonly serveHost: ServeHost
  readonly topHost: TopHost
  openTarget(address: TargetAddress): Promise<CommandTarget>
  /** Resolves to the name of the signal that ends the process. */
  untilStopped(): Promise<string>
}
