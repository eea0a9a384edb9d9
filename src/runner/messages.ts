/**
 * Messages between master and workers, over the channel that the application may use as well. Every
 * message has one member with the name of this package; all other messages are ignored.
 */

import type { AccessOptions } from '../net/index.ts'
import type { GivenOption } from '../uwsgi/options/index.ts'
import type { OwnedFile } from './owned-file.ts'
import type { PlannedSocket, SocketProtocol } from './sockets/plan-sockets.ts'
import type { TlsMaterial } from './sockets/tls.ts'

/** A listening socket, as the master describes it to a worker. */
export interface SocketTask {
  readonly protocol: SocketProtocol
  readonly tls: TlsMaterial | undefined
  readonly redirect: PlannedSocket['redirect']
  /** The bound address, for the worker's messages. */
  readonly address: string
  /** Which clients may use it. The secret is text, which the channel transfers unchanged. */
  readonly access: AccessOptions
  /** The master's descriptor: `listen({ fd })` in a worker of a cluster refers to it. */
  readonly fileDescriptor: number
}

/** All that a worker needs in addition to its environment. */
export interface WorkerTask {
  readonly workerId: number
  readonly entryIndex: number
  /** Entries of the scoreboard that the workers of this configuration use. */
  readonly entryCount: number
  /** Name of the instance, which the master has derived. */
  readonly instance: string
  /** The given options, which the master has checked. */
  readonly options: readonly GivenOption[]
  readonly sockets: readonly SocketTask[]
  /** Files to remove when the master is gone and cannot remove them. */
  readonly ownedFiles: readonly OwnedFile[]
}

/** Sent by the master. */
export type Order =
  | { readonly kind: 'start'; readonly task: WorkerTask }
  /** Accept no more requests, finish those in progress, and end. */
  | { readonly kind: 'drain' }
  /** End the requests that take longer than `harakiri` allows. */
  | { readonly kind: 'give-up' }
  /** Open the log file again: it was renamed. */
  | { readonly kind: 'reopen-log' }
  | { readonly kind: 'stop' }

/** Sent by a worker. */
export type Notice =
  /** The worker receives orders from now on; earlier orders are lost. */
  | { readonly kind: 'hello' }
  | { readonly kind: 'ready'; readonly loadMs: number }
  /** The worker ends after this notice. */
  | { readonly kind: 'failed'; readonly code: string | undefined; readonly message: string }
  /** The worker has started as many requests as max-requests allows. */
  | { readonly kind: 'done' }

const MEMBER = 'undercroft'

/** A message on the channel. */
export interface Envelope<T> {
  readonly [MEMBER]: T
}

export function wrapMessage<T extends Order | Notice>(message: T): Envelope<T> {
  return { [MEMBER]: message }
}

/** Returns undefined for a message of the application. */
export function unwrapOrder(message: unknown): Order | undefined {
  const inner = unwrap(message)
  return isOneOf(inner, ['start', 'drain', 'give-up', 'reopen-log', 'stop'])
    ? (inner as Order)
    : undefined
}

/** Returns undefined for a message of the application. */
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
