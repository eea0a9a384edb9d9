/**
 * Options of a remote cache: their meaning, defaults and checks.
 */

import { type Complete, MAX_TIMER_MS, requireInteger, requireKnownNames } from '../base/index.ts'
import {
  DEFAULT_SOCKET_TIMEOUT_MS,
  requireSecret,
  type SecretOption,
} from '../protocols/uwsgi/index.ts'

/** Options of `RemoteCache`. */
export interface RemoteCacheOptions {
  /** Milliseconds to resolve the host and connect. @default 1000 */
  readonly connectTimeoutMs?: number | undefined
  /** Milliseconds from a call to its whole reply, including its wait in line. @default 4000 */
  readonly replyTimeoutMs?: number | undefined
  /** Largest value or listing accepted in a reply, in bytes. @default 67108864 (64 MiB) */
  readonly maxValueSize?: number | undefined
  /**
   * Connections that may be open. An undercroft server takes many requests on each. A real uWSGI
   * takes one request for each connection, so with it this is how many calls run at once.
   * @default 1
   */
  readonly connections?: number | undefined
  /** Calls that may wait for a reply; further ones are refused. @default 10000 */
  readonly maxPendingCalls?: number | undefined
  /**
   * Milliseconds after which an unused connection is closed. Keep it below the server's own limit
   * (60000), or a call may meet a connection that is just being closed. @default 30000
   */
  readonly idleTimeoutMs?: number | undefined
  /**
   * The secret of the server at this address, 16 to 1024 bytes. The server must prove to know it as
   * well. Costs a round trip for each connection. @default none
   */
  readonly secret?: SecretOption | undefined
}

export interface ResolvedRemoteOptions extends Complete<Omit<RemoteCacheOptions, 'secret'>> {
  readonly secret: Buffer | undefined
}

export function resolveRemoteOptions(options: RemoteCacheOptions): ResolvedRemoteOptions {
  requireKnownNames('RemoteCache', options, [...Object.keys(LIMITS), 'secret'])
  const resolve = (name: keyof typeof LIMITS) => {
    const { fallback, max } = LIMITS[name]
    return requireInteger(name, options[name] ?? fallback, 1, max)
  }
  return {
    connectTimeoutMs: resolve('connectTimeoutMs'),
    replyTimeoutMs: resolve('replyTimeoutMs'),
    maxValueSize: resolve('maxValueSize'),
    connections: resolve('connections'),
    maxPendingCalls: resolve('maxPendingCalls'),
    idleTimeoutMs: resolve('idleTimeoutMs'),
    secret: options.secret === undefined ? undefined : requireSecret('secret', options.secret),
  }
}

const LIMITS: Record<
  Exclude<keyof RemoteCacheOptions, 'secret'>,
  { fallback: number; max: number }
> = {
  connectTimeoutMs: { fallback: 1000, max: MAX_TIMER_MS },
  replyTimeoutMs: { fallback: DEFAULT_SOCKET_TIMEOUT_MS, max: MAX_TIMER_MS },
  maxValueSize: { fallback: 64 * 1024 * 1024, max: 2 ** 32 },
  connections: { fallback: 1, max: 1024 },
  maxPendingCalls: { fallback: 10_000, max: 1_000_000 },
  idleTimeoutMs: { fallback: 30_000, max: MAX_TIMER_MS },
}
