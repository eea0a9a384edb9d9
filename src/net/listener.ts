/**
 * Listening: TCP addresses and Unix socket files.
 */

import type { Server } from 'node:net'
import { UndercroftError } from '../base/index.ts'
import { formatAddress } from '../protocols/uwsgi/index.ts'
import { resolveBindHost } from './bind-host.ts'
import type { ResolvedListener } from './limits.ts'
import { bindSocketFile } from './socket-file.ts'

export interface Listening {
  /** As a client would write it, with the port that was given. */
  readonly address: string
  /** Removes what listening left in the file system. */
  release(): Promise<void>
}

export async function listen(
  server: Server,
  listener: Omit<ResolvedListener, 'access'>,
): Promise<Listening> {
  const { address, fd } = listener
  try {
    if (fd !== undefined) {
      await startListening(server, { fd })
      return { address: formatAddress(address), release: nothing }
    }
    if (address.kind === 'unix') {
      const socketFile = await bindSocketFile(address.path, listener.mode, path =>
        startListening(server, { path }),
      )
      return { address: address.path, release: socketFile.release }
    }
    const host = await resolveBindHost(address, listener.allowPublic)
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

/** `node:net` documents `_handle` for handing a server over, and has no other word for it. */
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
