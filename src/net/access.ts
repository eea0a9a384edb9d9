/**
 * Who may use a listener, and for what: decided once, asked when a connection is accepted.
 */

import type { Socket } from 'node:net'
import { requireBoolean, UndercroftError } from '../base/index.ts'
import { requireSecret, type SecretOption } from '../protocols/uwsgi/index.ts'
import { AddressList } from './address-list.ts'

/** The part of a listener's options that says who may use it. */
export interface AccessOptions {
  /** Refuse every command that changes a cache. @default false */
  readonly readOnly?: boolean
  /**
   * Who may connect: addresses and networks such as `10.0.0.0/8`. Others are closed at once. For
   * TCP only. @default everybody who reaches the address
   */
  readonly allow?: readonly string[]
  /**
   * What clients must prove to know, 16 to 1024 bytes: those of this package can (their option
   * `secret`), nginx and uWSGI cannot, and are closed. Costs a round trip a connection.
   * @default none
   */
  readonly secret?: SecretOption
}

export interface Access {
  readonly readOnly: boolean
  /** Undefined: everybody. */
  readonly allow: AddressList | undefined
  /** Undefined: none is asked for. */
  readonly secret: Buffer | undefined
}

/** Nothing to ask of a peer before it is served: neither who it is nor what it knows. */
export function isOpen(access: Access): boolean {
  return access.allow === undefined && access.secret === undefined
}

export function isAdmitted(access: Access, socket: Socket): boolean {
  return access.allow === undefined || access.allow.has(socket.remoteAddress)
}

export function resolveAccess(options: AccessOptions, isTcp: boolean): Access {
  const { readOnly = false, allow, secret } = options
  if (allow !== undefined && !isTcp) {
    throw new UndercroftError(
      'UNDERCROFT_OPTION_INVALID',
      'allow is for TCP; who may use a Unix socket is told by its mode and its directory',
    )
  }
  return {
    readOnly: requireBoolean('readOnly', readOnly),
    allow: AddressList.parse('allow', allow),
    secret: secret === undefined ? undefined : requireSecret('secret', secret),
  }
}
