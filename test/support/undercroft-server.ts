/**
 * Our own server for the tests with real peers: the one place that connects them to it.
 */

import type { ByteCache } from '../../src/base/index.ts'
import type { Scope } from './scope.ts'

export interface ServerCache {
  readonly name: string
  readonly maxItems: number
  /** @default 65536, so that the tests' values fit */
  readonly blockSize?: number
}

export interface UndercroftServer {
  /** On 127.0.0.1. */
  readonly port: number
  readonly socketPath: string
  /** The same cache, from this process. */
  cache(name: string): ByteCache
  stop(): Promise<void>
}

/** Why no server can be started; undefined: one can. */
export const NO_SERVER: string | undefined = 'the server is not connected to these tests yet'

/** A server with these caches, the first its default, in a directory of the scope. */
export async function startServer(
  _scope: Scope,
  _options: { readonly caches: readonly ServerCache[] },
): Promise<UndercroftServer> {
  throw new Error(NO_SERVER)
}
