/**
 * Listening on TCP addresses and Unix sockets.
 */

import type { Server } from 'node:net'
import { UndercroftError } from '../base/index.ts'
import { formatAddress, resolveBindHost } from './address.ts'
import type { ResolvedListener } from './listener-options.ts'
import { bindSocketFile } from './socket-file.ts'

export interface Listening {
  /** As a client would write it, with the real port. */
  readonly address: string
  /** Removes what listening left in the file system. */
  release(): Promise<void>
}

export async function listen(
  server: Server,
  listener: Omit<ResolvedListener, 'access'> & { readonly reusePort?: true },
): Promise<Listening> {
  const { address, fd } = listener
  try {
    if (fd !== undefined) {
      await startListening(server, { fd })
      return { address: formatAddress(address), release: nothing }
    }
    if (address.kind === 'unix') {
      const release = await bindSocketFile(address.path, listener.mode, path =>
        startListening(server, { path }),
      )
      return { address: address.path, release }
    }
    const host = await resolveBindHost(address, listener.allowPublic)
    const reuse = listener.reusePort === undefined ? {} : { reusePort: true }
    await startListening(server, { host, port: address.port, ...reuse })
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

/** `node:net` documents `_handle` for passing a server on, and has no other name for it. */
export function descriptorOf(server: Server): number | undefined {
  const { _handle: handle }: { _handle?: { readonly fd?: number } } = Object(server)
  return handle?.fd !== undefined && handle.fd >= 0 ? handle.fd : undefined
}

type ListenTarget = { fd: number } | { path: string } | { host: string | undefined; port: number }

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
