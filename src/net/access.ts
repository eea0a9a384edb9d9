/**
 * Access to a listener: which clients it admits, and what they may do.
 *
 * The options are resolved once. The list is checked when a connection is accepted.
 */

import { BlockList, isIP, type Socket } from 'node:net'
import { invalidOption, requireBoolean, UndercroftError } from '../base/index.ts'
import { requireSecret, type SecretOption } from '../protocols/uwsgi/index.ts'
import { isInList } from './address.ts'

/** The options of a listener that say which clients may use it, and for what. */
export interface AccessOptions {
  /** Refuse every command that changes a cache. @default false */
  readonly readOnly?: boolean | undefined
  /**
   * Which clients may list keys, verify a cache and take dumps, which read the whole cache: clients
   * on this machine (Unix sockets and loopback addresses), every client, or none. These commands
   * take turns, so that writers are not kept waiting. @default 'local'
   */
  readonly inspect?: InspectOption | undefined
  /**
   * Addresses and networks that may connect, such as `10.0.0.0/8`. Connections from other addresses
   * are closed at once. For TCP only. @default every client that reaches the address
   */
  readonly allow?: readonly string[] | undefined
  /**
   * A secret of 16 to 1024 bytes that clients must prove to know. Clients of this package have the
   * option `secret`; nginx and uWSGI cannot prove it, and are closed. Costs a round trip for each
   * connection. @default none
   */
  readonly secret?: SecretOption | undefined
}

/** Which clients may inspect a whole cache. */
export type InspectOption = 'local' | boolean

export interface Access {
  readonly readOnly: boolean
  /** On a Unix socket never `local`. */
  readonly inspect: InspectOption
  /** Undefined: every address. */
  readonly allow: BlockList | undefined
  /** Undefined: clients log in without a secret. */
  readonly secret: Buffer | undefined
}

/** Whether the listener serves a peer without checking its address or a secret. */
export function isOpen(access: Access): boolean {
  return access.allow === undefined && access.secret === undefined
}

export function isAdmitted(access: Access, socket: Socket): boolean {
  return access.allow === undefined || isInList(access.allow, socket.remoteAddress)
}

export function resolveAccess(options: AccessOptions, isTcp: boolean): Access {
  const { readOnly = false, inspect = 'local', allow, secret } = options
  if (allow !== undefined && !isTcp) {
    throw new UndercroftError(
      'UNDERCROFT_OPTION_INVALID',
      'allow is for TCP; the mode and the directory of a Unix socket decide which users may use it',
    )
  }
  return {
    readOnly: requireBoolean('readOnly', readOnly),
    inspect: resolveInspect(inspect, isTcp),
    allow: resolveAllowList('allow', allow),
    secret: secret === undefined ? undefined : requireSecret('secret', secret),
  }
}

function resolveInspect(given: unknown, isTcp: boolean): InspectOption {
  if (given === true || given === false) return given
  if (given !== 'local') throw invalidOption('inspect', "'local', true or false", given)
  return isTcp ? 'local' : true
}

/** The most entries of one list. Each peer is compared with all of them. */
const MAX_ENTRIES = 1024

/**
 * Parses addresses and networks like `10.0.0.7`, `10.0.0.0/8`, `fd00::/8`.
 *
 * @returns undefined when no list is given, which allows every address.
 */
export function resolveAllowList(name: string, given: unknown): BlockList | undefined {
  if (given === undefined) return undefined
  if (!Array.isArray(given) || given.length === 0 || given.length > MAX_ENTRIES) {
    throw invalidOption(name, `a list of 1 to ${MAX_ENTRIES} addresses`, given)
  }
  const list = new BlockList()
  for (const entry of given) addEntry(list, name, entry)
  return list
}

function addEntry(list: BlockList, name: string, entry: unknown): void {
  const [, base = '', digits] = /^([^/%]+)(?:\/(\d{1,3}))?$/.exec(String(entry)) ?? []
  const version = isIP(base)
  const family = version === 6 ? 'ipv6' : 'ipv4'
  const maxPrefix = version === 6 ? 128 : 32
  const prefix = digits === undefined ? maxPrefix : Number(digits)
  if (version === 0 || prefix > maxPrefix) {
    throw invalidOption(name, 'addresses like 10.0.0.7, 10.0.0.0/8 or fd00::/8', entry)
  }
  list.addSubnet(base, prefix, family)
}
