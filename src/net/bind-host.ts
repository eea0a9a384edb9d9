/**
 * Which address to bind: one that only this machine reaches, unless more was asked for.
 */

import { lookup } from 'node:dns/promises'
import { BlockList, isIPv6 } from 'node:net'
import { UndercroftError } from '../base/index.ts'
import { type Address, formatAddress } from '../protocols/uwsgi/index.ts'

/** A host and a port, of TCP or UDP. */
export type HostAddress = Address & { readonly kind: 'tcp' }

/** The address to bind, checked after the name is resolved: a name says nothing by itself. */
export async function resolveBindHost(
  address: HostAddress,
  allowPublic: boolean,
): Promise<string | undefined> {
  if (address.host === '') {
    requirePublicAllowed(address, allowPublic)
    return undefined // every interface
  }
  const resolved = await lookup(address.host)
  const family = isIPv6(resolved.address) ? 'ipv6' : 'ipv4'
  if (!LOOPBACK.check(resolved.address, family)) requirePublicAllowed(address, allowPublic)
  return resolved.address
}

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK.addAddress('::1', 'ipv6')

function requirePublicAllowed(address: Address, allowPublic: boolean): void {
  if (allowPublic) return
  throw new UndercroftError(
    'UNDERCROFT_OPTION_INVALID',
    `${formatAddress(address)} can be reached from other machines, whose programs could read and ` +
      'change everything there; ask for that with allowPublic, in options of serve allow-public',
  )
}
