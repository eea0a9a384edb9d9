/**
 * Socket addresses as uWSGI writes them: an address with a colon is TCP, any other is the path of a
 * Unix socket.
 */

import { invalidOption, MAX_UNIX_PATH_SIZE } from '../../base/index.ts'

/** Where to listen or connect. */
export type SocketAddress =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string }

/**
 * The host of an address that names none, so that no address opens a port to the whole network by
 * accident.
 */
export const LOOPBACK = '127.0.0.1'

/**
 * Parses `host:port`, `[ipv6]:port`, `:port` (this machine), or a path.
 * @throws UndercroftError UNDERCROFT_OPTION_INVALID
 */
export function parseAddress(name: string, text: string): SocketAddress {
  const colon = text.lastIndexOf(':')
  if (text.startsWith('@'))
    throw invalidOption(name, 'a path; abstract sockets are not supported', text)
  if (text.includes('/')) return unixAddress(name, text)
  // Printed addresses get copied: the slash distinguishes a path from a host.
  if (colon < 0 && text !== '') return unixAddress(name, `./${text}`)
  const digits = text.slice(colon + 1)
  const port = /^\d{1,5}$/.test(digits) ? Number(digits) : Number.NaN
  const host = text.slice(0, Math.max(colon, 0)).replace(/^\[(.*)\]$/, '$1')
  const isBareIpv6 = host.includes(':') && !text.startsWith('[')
  if (!(port <= 65535) || isBareIpv6) {
    throw invalidOption(name, 'host:port with a port from 0 to 65535, or a socket path', text)
  }
  return { kind: 'tcp', host: host === '' ? LOOPBACK : host, port }
}

function unixAddress(name: string, path: string): SocketAddress {
  if (Buffer.byteLength(path) <= MAX_UNIX_PATH_SIZE) return { kind: 'unix', path }
  throw invalidOption(name, `a path of at most ${MAX_UNIX_PATH_SIZE} bytes`, path)
}

/** The address in the form that options take. */
export function formatAddress(address: SocketAddress): string {
  if (address.kind === 'unix') return address.path
  return `${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`
}
