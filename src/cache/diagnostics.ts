/**
 * The channels of `node:diagnostics_channel` by which tools see the calls of this process:
 *
 * - `undercroft:get`: each `get`, with {@link GetMessage}
 * - `undercroft:set`: each call that stores a value, with {@link SetMessage}
 * - `undercroft:delete`: each `delete`, with {@link DeleteMessage}
 * - `tracing:undercroft:load:start` and so on: each load, as a tracing channel, with
 *   {@link LoadMessage}
 *
 * Without a subscriber, a call costs one test, and no message is made.
 */

import {
  type Channel,
  channel,
  type TracingChannel,
  tracingChannel,
} from 'node:diagnostics_channel'
import type { CacheKey } from '../base/index.ts'
import type { StoreOutcome } from '../engine/index.ts'

/** One `get`, on the channel `undercroft:get`. */
export interface GetMessage {
  readonly cache: string
  readonly key: CacheKey
  readonly isHit: boolean
}

/** One call that stores a value, on the channel `undercroft:set`. */
export interface SetMessage {
  readonly cache: string
  readonly key: CacheKey
  /** `stored`, or why the value was not stored. */
  readonly outcome: StoreOutcome
}

/** One `delete`, on the channel `undercroft:delete`. */
export interface DeleteMessage {
  readonly cache: string
  readonly key: CacheKey
  readonly wasPresent: boolean
}

/** One load, on the tracing channel `undercroft:load`. */
export interface LoadMessage {
  readonly cache: string
  readonly key: CacheKey
  /** Whether no caller waits for the load. */
  readonly isBackground: boolean
}

export const GET_CHANNEL: Channel = channel('undercroft:get')
export const SET_CHANNEL: Channel = channel('undercroft:set')
export const DELETE_CHANNEL: Channel = channel('undercroft:delete')
export const LOAD_CHANNEL: TracingChannel<LoadMessage> = tracingChannel('undercroft:load')
