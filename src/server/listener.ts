/**
 * Listening: TCP addresses that only this machine reaches unless asked, and Unix socket files.
 */

import { lookup } from 'node:dns/promises'
import { BlockList, isIPv6, type Server } from 'node:net'
import { UndercroftError } from '../base/index.ts'
import { type Address, formatAddress } from '../uwsgi/index.ts'
import type { ResolvedListener } from './options.ts'
import { bindSocketFile } from './socket-file.ts'

export interface Listening {
  /** As a client would write it, with the port that was given. */
  readonly address: string
  /** Removes what listening left in the file system. */
  release(): Promise<void>
}

export async function listen(server: Server, listener: ResolvedListener): Promise<Listening> {
  const { address } = listener
  try {
    if (address.kind === 'unix') {
      const socketFile = await bindSocketFile(address.path, listener.mode, path =>
        startListening(server, { path }),
      )
      return { address: address.path, release: socketFile.release }
    }
    const host = await resolveHost(address, listener.allowPublic)
    await startListening(server, { host, port: address.port })
    return { address: formatAddress({ ...address, port: boundPort(server) }), release: nothing }
  } catch (error) {
    if (error instanceof UndercroftError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new UndercroftError(
      'UNDERCROFT_SYSTEM',
      `cannot listen on ${formatAddress(address)}: ${reason}`,
      { cause: error },
    )
  }
}

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK.addAddress('::1', 'ipv6')

/** The address to bind, checked after the name is resolved: a name says nothing by itself. */
async function resolveHost(
  address: Address & { readonly kind: 'tcp' },
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

function requirePublicAllowed(address: Address, allowPublic: boolean): void {
  if (allowPublic) return
  throw new UndercroftError(
    'UNDERCROFT_OPTION_INVALID',
    `${formatAddress(address)} can be reached from other machines, and the protocol has no ` +
      'authentication; set allowPublic to listen there all the same',
  )
}

type ListenTarget = { path: string } | { host: string | undefined; port: number }

function startListening(server: Server, target: ListenTarget): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(target, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

function boundPort(server: Server): number {
  const bound = server.address()
  return bound !== null && typeof bound === 'object' ? bound.port : 0
}

async function nothing(): Promise<void> {}
