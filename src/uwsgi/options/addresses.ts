/**
 * Socket addresses on the command line and in INI files.
 */

import { type Address, CONFIGURED_ADDRESS, parseAddress as parse } from '../../net/index.ts'

export { type Address as SocketAddress, formatAddress } from '../../net/index.ts'

/** Reads `host:port`, `[ipv6]:port`, `:port` (this machine), or a path. */
export function parseAddress(name: string, text: string): Address {
  return parse(name, text, CONFIGURED_ADDRESS)
}
