/**
 * What the connections of a server have in common: their context, and how the server ends them.
 */

import type { Budget, InspectOption } from '../../net/index.ts'
import type { CommandContext } from './cache-commands.ts'
import type { PacketContext } from './uwsgi-request.ts'

export interface ConnectionContext extends CommandContext, PacketContext {
  readonly budget: Budget
  readonly inspect: InspectOption
  readonly reportError: (error: Error) => void
}

/** A connection as the server that accepted it sees it, during a login or after it. */
export interface OpenConnection {
  /** Closes after the request that has begun, or after the next. */
  drain(): void
  /** Closes unless a request has begun. */
  endIdle(): void
  destroy(): void
}

/** Clients leave with a reset or a broken pipe. `close` follows and frees everything. */
export function ignorePeerError(): void {}
