/**
 * The environment of a command, so that tests can run commands in their own process.
 */

import type { AnyCache, Awaitable, ByteCache, Clock } from '../base/index.ts'
import type { Cache } from '../cache/index.ts'
import type { AccessOptions } from '../net/index.ts'
import type {
  CachePlace,
  Listener,
  ListenLimits,
  MasterHost,
  MasterPlan,
  PlannedDaemon,
  StatsListening,
} from '../runner/index.ts'
import type { CacheDefinition, HostEnvironment, SocketAddress } from '../uwsgi/options/index.ts'

/** An output of text and bytes. */
export interface CommandOutput {
  readonly isTTY: boolean
  /** Resolves when the bytes are written, so that a slow reader slows the writer. */
  write(chunk: string | Uint8Array): Promise<void>
}

/** What commands ask of a cache, local or remote. It is a part, so that fakes are short. */
export interface CommandTarget
  extends Pick<
    AnyCache<Uint8Array>,
    | 'name'
    | 'has'
    | 'getItem'
    | 'set'
    | 'setItem'
    | 'add'
    | 'delete'
    | 'ttlMs'
    | 'count'
    | 'keyPage'
    | 'clear'
    | 'stats'
    | 'verify'
  > {
  /** Absent for a remote cache. */
  readonly on?: Cache['on']
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
    place: CachePlace,
    onLog: (line: string) => void,
  ): Promise<ServedCache>
  /** Makes this process the master of the instance, until it is released. */
  startInstance(place: CachePlace, caches: readonly CacheDefinition[]): { release(): void }
  /** `onLog` receives the lines that uWSGI would log about packets that are refused. */
  listen(
    socket: ReadySocket,
    caches: readonly ByteCache[],
    limits: ListenLimits,
    onLog: (line: string) => void,
  ): Promise<Listener>
  listenStats(listening: StatsListening): Promise<Listener>
  /**
   * Appends all output of this process to a file, if there is one already. Returns what writes
   * lines to the output, also after another file takes its place.
   */
  openLog(path: string | undefined): (line: string) => void
  /** Returns whether this process was started by `startDaemon`. */
  isDaemon(): boolean
  /** Starts this command again in the background; resolves to the exit code of this process. */
  startDaemon(daemon: PlannedDaemon): Promise<number>
  /** Called once everything serves: the process that started a daemon may wait for that. */
  reportServing(): void
  /** Runs a master with its workers until a signal ends it; resolves to the name of the signal. */
  runMaster(plan: MasterPlan, host: MasterHost): Promise<string>
}

/** What `top` needs from the machine. */
export interface TopHost {
  readonly clock: Clock
  /** Reads the document of a stats server, with an HTTP header if it sends one. */
  readStats(address: SocketAddress): Promise<string>
  /** Returns false once the reader of `stdout` is gone. */
  isOutputOpen(): boolean
  /** Returns the present size of the terminal behind `stdout`. */
  terminalSize(): { readonly columns: number; readonly rows: number }
  /** Resolves when the user presses one of these keys, and never without a terminal for input. */
  untilKey(keys: string, signal: AbortSignal): Promise<void>
  /** Waits this long, or until the terminal is resized or `signal` aborts. */
  untilRefresh(intervalMs: number, signal: AbortSignal): Promise<void>
}

/** Everything that a command uses outside itself. */
export interface CommandEnvironment {
  readonly stdin: AsyncIterable<Uint8Array>
  readonly stdout: CommandOutput
  readonly stderr: CommandOutput
  readonly host: HostEnvironment
  /** Loads the servers and the runner, which only `serve` needs. */
  serveHost(): Promise<ServeHost>
  readonly topHost: TopHost
  /** Returns the names of the caches in that directory, or in the default directory. */
  listCaches(directory: string | undefined): Promise<readonly string[]>
  /** Removes the file of a cache. */
  destroyCache(name: string, directory: string | undefined): Promise<void>
  openTarget(address: TargetAddress): Promise<CommandTarget>
  /** Resolves to the name of the signal that ends the process. */
  untilStopped(): Promise<string>
}
