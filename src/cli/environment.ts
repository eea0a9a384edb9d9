/**
 * What a command may touch, so that tests run commands in their own process.
 */

import type { ByteCache, CacheStats, Clock } from '../base/index.ts'
import type { AccessOptions } from '../net/index.ts'
import type {
  Listener,
  ListenLimits,
  MasterHost,
  MasterPlan,
  StatsListening,
} from '../runner/index.ts'
import type { CacheDefinition, HostEnvironment, SocketAddress } from '../uwsgi/options/index.ts'

/** Where text and bytes go. */
export interface CommandOutput {
  readonly isTTY: boolean
  /** Done when the bytes are on their way, so that a slow reader slows us. */
  write(chunk: string | Uint8Array): Promise<void>
}

/** A `ByteCache` that may answer at once or later. */
type Awaitable<T> = {
  readonly [Member in keyof T]: T[Member] extends (...args: infer Args) => infer Result
    ? (...args: Args) => Result | Promise<Result>
    : T[Member]
}

/** The cache a command works on, local or remote. */
export interface CommandTarget
  extends Awaitable<Omit<ByteCache, 'maxKeySize' | 'maxValueSize' | 'clear'>> {
  /** Undefined: a uWSGI, which does not tell how many there were. */
  clear(): number | Promise<number | undefined>
  close(): void | Promise<void>
}

/** Which cache `--cache` names. */
export interface TargetAddress {
  /** Empty only for a remote one: that server's default cache. */
  readonly name: string
  /** Absent: a cache on this machine. */
  readonly remote?: SocketAddress
  /** Of the secret that the server asks for. */
  readonly secretFile?: string
  /** Where the shared segment lives, if not in the usual place. */
  readonly directory?: string
}

/** A cache while it is served. */
export interface ServedCache extends ByteCache {
  stats(): CacheStats
  close(): void
}

/** A socket to listen on, and who may use it. */
export interface ReadySocket {
  readonly address: SocketAddress
  readonly allowPublic: boolean
  readonly access: AccessOptions
}

/** What `serve` needs done. */
export interface ServeHost {
  /** `onLog` hears what uWSGI would log of this cache, now and while it is served. */
  openCache(
    definition: CacheDefinition,
    directory: string | undefined,
    onLog: (line: string) => void,
  ): Promise<ServedCache>
  listen(
    socket: ReadySocket,
    caches: readonly ServedCache[],
    limits: ListenLimits,
  ): Promise<Listener>
  listenStats(listening: StatsListening): Promise<Listener>
  /** Runs a master with its workers until a signal ends it, whose name this gives. */
  runMaster(plan: MasterPlan, host: MasterHost): Promise<string>
}

/** What `top` needs of the machine. */
export interface TopHost {
  readonly clock: Clock
  /** Names of the caches in that directory, or in the usual one. */
  listCaches(directory: string | undefined): readonly string[]
  /** The document of a stats server, with an HTTP header if it sends one. */
  readStats(address: SocketAddress): Promise<string>
  /** False once the reader of `stdout` has gone. */
  isOutputOpen(): boolean
  /** The terminal that `stdout` is, as large as it is now. */
  terminalSize(): { readonly columns: number; readonly rows: number }
  /** Waits this long; less when the terminal is resized, or `signal` aborts. */
  untilRefresh(intervalMs: number, signal: AbortSignal): Promise<void>
}

/** Everything outside a command. */
export interface CommandEnvironment {
  readonly stdin: AsyncIterable<Uint8Array>
  readonly stdout: CommandOutput
  readonly stderr: CommandOutput
  readonly host: HostEnvironment
  readonly serveHost: ServeHost
  readonly topHost: TopHost
  openTarget(address: TargetAddress): Promise<CommandTarget>
  /** The name of the signal that asks us to end. */
  untilStopped(): Promise<string>
}
