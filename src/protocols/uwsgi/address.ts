/**
 * Addresses and cache identifiers as uWSGI writes them: text only, nothing is looked up.
 */

import { invalidOption, MAX_UNIX_PATH_SIZE, UndercroftError } from '../../base/index.ts'

export type Address =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }

/** `host:port`, `[ipv6]:port`, `:port` (every interface) or the path of a Unix socket. */
export function parseAddress(name: string, text: string): Address {
  if (text.includes('/')) {
    if (Buffer.byteLength(text) <= MAX_UNIX_PATH_SIZE && !text.includes('\0')) {
      return { kind: 'unix', path: text }
    }
    throw invalidOption(name, `a path of at most ${MAX_UNIX_PATH_SIZE} bytes`, text)
  }
  const match = /^(?:\[([0-9a-fA-F:.%]+)\]|([^:[\]]*)):([0-9]{1,5})$/.exec(text)
  const port = Number(match?.[3])
  if (match === null || port > MAX_PORT) {
    throw invalidOption(name, 'host:port, [ipv6]:port or a path with a slash', text)
  }
  return { kind: 'tcp', host: match[1] ?? match[2] ?? '', port }
}

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

/** `name@address` or `@address`. Names hold no `@`, paths may. */
export function parseIdentifier(identifier: string): CacheIdentifier {
  const at = identifier.indexOf('@')
  if (at === -1) {
    throw invalidOption('identifier', 'name@host:port, name@/path or @address', identifier)
  }
  const address = parseAddress('identifier', identifier.slice(at + 1))
  if (address.kind === 'tcp' && (address.host === '' || address.port === 0)) {
    throw new UndercroftError(
      'UNDERCROFT_OPTION_INVALID',
      `identifier ${identifier} needs a host and a port to connect to`,
    )
  }
  const cacheName = identifier.slice(0, at)
  if (Buffer.byteLength(cacheName) > MAX_CACHE_NAME_SIZE) {
    throw invalidOption('identifier', `a name of at most ${MAX_CACHE_NAME_SIZE} bytes`, cacheName)
  }
  return { cacheName, address }
}

const MAX_PORT = 65_535

/** Room for any real name, and little enough to fit a packet beside the longest key. */
const MAX_CACHE_NAME_SIZE = 255
