/**
 * Addresses of sockets: how they are written, and which host they bind.
 */

import { lookup } from 'node:dns/promises'
import { BlockList, isIP } from 'node:net'
import { hasAddress, invalidOption, MAX_UNIX_PATH_SIZE, UndercroftError } from '../base/index.ts'

/** Where to listen or to connect. */
export type Address = HostAddress | { readonly kind: 'unix'; readonly path: string }

/** A host and a port, of TCP or UDP. An empty host means every interface. */
export interface HostAddress {
  readonly kind: 'tcp'
  readonly host: string
  readonly port: number
}

/** What the short forms of an address mean; different surfaces document different meanings. */
export interface AddressRules {
  /** The host of `:port`. Undefined: an address needs a host, and a port other than 0. */
  readonly hostOfPort: string | undefined
  /** Whether a word without a colon and without a slash is a socket in the working directory. */
  readonly allowsFileName: boolean
}

export const LOOPBACK = '127.0.0.1'

/** The options of the API: `:3031` is every interface, as in uWSGI, and needs `allowPublic`. */
export const API_ADDRESS: AddressRules = { hostOfPort: '', allowsFileName: false }

/** The command line and INI files: `:3031` is this machine, so no port is public by accident. */
export const CONFIGURED_ADDRESS: AddressRules = { hostOfPort: LOOPBACK, allowsFileName: true }

/** Servers to connect to: nothing may be missing. */
export const TARGET_ADDRESS: AddressRules = { hostOfPort: undefined, allowsFileName: false }

/**
 * Parses `host:port`, `[ipv6]:port`, or the path of a Unix socket. Looks nothing up.
 *
 * @param name - The option, for the message.
 * @throws UndercroftError `UNDERCROFT_OPTION_INVALID`.
 */
export function parseAddress(name: string, text: string, rules: AddressRules): Address {
  if (text.startsWith('@')) {
    throw invalidOption(name, 'a path or host:port (no abstract socket)', text)
  }
  if (text.includes('/')) return unixAddress(name, text)
  // When a file name is printed and copied, the slash distinguishes it from a host.
  if (rules.allowsFileName && /^[^:]+$/.test(text)) return unixAddress(name, `./${text}`)
  const [, ipv6, word = '', digits] = ADDRESS.exec(text) ?? []
  const port = Number(digits)
  if (!(port <= MAX_PORT)) {
    const allowed =
      'host:port with a port from 0 to 65535, [ipv6]:port or the path of a Unix socket'
    throw invalidOption(name, allowed, text)
  }
  const host = ipv6 ?? word
  if (rules.hostOfPort === undefined && (host === '' || port === 0)) {
    throw invalidOption(name, 'a host and a port to connect to', text)
  }
  return { kind: 'tcp', host: host === '' ? (rules.hostOfPort ?? '') : host, port }
}

const ADDRESS = /^(?:\[([0-9a-fA-F:.]+(?:%[^\]]+)?)\]|([^:[\]]*)):([0-9]{1,5})$/
const MAX_PORT = 65_535

function unixAddress(name: string, path: string): Address {
  if (Buffer.byteLength(path) <= MAX_UNIX_PATH_SIZE && !path.includes('\0')) {
    return { kind: 'unix', path }
  }
  throw invalidOption(name, `a path of at most ${MAX_UNIX_PATH_SIZE} bytes`, path)
}

/** @returns the address as it is written in options. */
export function formatAddress(address: Address): string {
  if (address.kind === 'unix') return address.path
  const host = address.host.includes(':') ? `[${address.host}]` : address.host
  return `${host}:${address.port}`
}

export interface CacheIdentifier {
  /** Empty: the default cache of the server. */
  readonly cacheName: string
  readonly address: Address
}

/**
 * Parses `name@address`, or an address alone, with or without `@`. A name has no `@`, a path may
 * have one.
 */
export function parseIdentifier(identifier: string): CacheIdentifier {
  if (!hasAddress(identifier)) {
    throw invalidOption('identifier', 'name@host:port, name@/path or an address', identifier)
  }
  const at = identifier.startsWith('/') ? -1 : identifier.indexOf('@')
  const cacheName = identifier.slice(0, Math.max(0, at))
  if (Buffer.byteLength(cacheName) > MAX_CACHE_NAME_SIZE) {
    throw invalidOption('identifier', `a name of at most ${MAX_CACHE_NAME_SIZE} bytes`, cacheName)
  }
  return {
    cacheName,
    address: parseAddress('identifier', identifier.slice(at + 1), TARGET_ADDRESS),
  }
}

/** Room for any real name, and small enough to fit a packet next to the longest key. */
const MAX_CACHE_NAME_SIZE = 255

/**
 * Resolves the host to bind. A name says nothing by itself, so the check follows the look-up.
 *
 * @returns undefined for every interface.
 * @throws UndercroftError `UNDERCROFT_OPTION_INVALID` for an address that other machines can reach,
 * unless `allowPublic` is set.
 */
export async function resolveBindHost(
  address: HostAddress,
  allowPublic: boolean,
): Promise<string | undefined> {
  if (address.host === '') {
    requirePublicAllowed(address, allowPublic)
    return undefined
  }
  const resolved = await lookup(address.host)
  if (!isLoopback(resolved.address)) requirePublicAllowed(address, allowPublic)
  return resolved.address
}

/** Whether this numeric address can be reached from this machine alone. */
export function isLoopback(address: string | undefined): boolean {
  return isInList(LOOPBACK_ADDRESSES, address)
}

/** Whether a list has this numeric address. False: it has not, or the peer is gone. */
export function isInList(list: BlockList, address: string | undefined): boolean {
  const [plain = ''] = (address ?? '').split('%', 1) // without the zone of a link-local address
  const version = isIP(plain)
  return version !== 0 && list.check(plain, version === 6 ? 'ipv6' : 'ipv4')
}

const LOOPBACK_ADDRESSES = new BlockList()
LOOPBACK_ADDRESSES.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK_ADDRESSES.addAddress('::1', 'ipv6')

function requirePublicAllowed(address: Address, allowPublic: boolean): void {
  if (allowPublic) return
  throw new UndercroftError(
    'UNDERCROFT_OPTION_INVALID',
    `${formatAddress(address)} can be reached from other machines, whose programs could read and ` +
      'change everything there; set allowPublic to allow that (allow-public as an option of serve)',
  )
}
