/**
 * What master and worker say to each other, over the channel that the application may use as well:
 * all of it is under one member with our name, and anything else is left alone.
 */

import type { AccessOptions } from '../net/index.ts'
import type { GivenOption } from '../uwsgi/options/index.ts'
import type { OwnedFile } from './owned-file.ts'

/** A socket that listens, as a worker is told of it. */
export interface SocketTask {
  readonly protocol: 'http' | 'uwsgi'
  /** As it was bound, for what the worker says of it. */
  readonly address: string
  /** Who may use it. A secret is text, which is what the channel keeps as it is. */
  readonly access: AccessOptions
  /** The master's number for it: that is what `listen({ fd })` in a cluster's worker means. */
  readonly fileDescriptor: number
}

/** All that a worker needs to know beside its environment. */
export interface WorkerTask {
  readonly workerId: number
  readonly entryIndex: number
  /** The options as they were given, checked by the master already. */
  readonly options: readonly GivenOption[]
  readonly sockets: readonly SocketTask[]
  /** What to remove when the master is gone and cannot. */
  readonly ownedFiles: readonly OwnedFile[]
}

/** From the master. */
export type Order =
  | { readonly kind: 'start'; readonly task: WorkerTask }
  /** Take no more, finish what has begun, and end. */
  | { readonly kind: 'drain' }
  /** End the requests that have taken longer than `harakiri` allows. */
  | { readonly kind: 'give-up' }
  | { readonly kind: 'stop' }

/** From a worker. */
export type Notice =
  /** It hears orders from now on; what was sent before is lost. */
  | { readonly kind: 'hello' }
  | { readonly kind: 'ready'; readonly loadMs: number }
  /** It ends after this. */
  | { readonly kind: 'failed'; readonly code: string | undefined; readonly message: string }
  /** It has served as many requests as it may. */
  | { readonly kind: 'done' }

const MEMBER = 'undercroft'

/** What goes over the channel. */
export interface Envelope<T> {
  readonly [MEMBER]: T
}

export function wrapMessage<T extends Order | Notice>(message: T): Envelope<T> {
  return { [MEMBER]: message }
}

/** Undefined: the message is not one of ours. */
export function unwrapOrder(message: unknown): Order | undefined {
  const inner = unwrap(message)
  return isOneOf(inner, ['start', 'drain', 'give-up', 'stop']) ? (inner as Order) : undefined
}

/** Undefined: the message is not one of ours. */
export function unwrapNotice(message: unknown): Notice | undefined {
  const inner = unwrap(message)
  return isOneOf(inner, ['hello', 'ready', 'failed', 'done']) ? (inner as Notice) : undefined
}

function unwrap(message: unknown): unknown {
  if (typeof message !== 'object' || message === null || !(MEMBER in message)) return undefined
  return message[MEMBER]
}

function isOneOf(inner: unknown, kinds: readonly string[]): boolean {
  if (typeof inner !== 'object' || inner === null || !('kind' in inner)) return false
  return kinds.some(kind => kind === inner.kind)
}
