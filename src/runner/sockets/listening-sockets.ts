/**
 * The sockets of an instance. The master binds them and listens on them, but never accepts.
 *
 * Each worker accepts on a duplicate of its own, so a connection costs the master nothing. While
 * the only worker is being replaced, new connections wait in the backlog of the master's socket,
 * and the next worker accepts them.
 */

import { closeSync, fstatSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { DEFAULT_SOCKET_MODE, UndercroftError } from '../../base/index.ts'
import { type AccessOptions, descriptorOf, listen } from '../../net/index.ts'
import { duplicateDescriptor } from '../../platform/index.ts'
import { formatAddress, parseAddress, type SocketAddress } from '../../uwsgi/options/index.ts'
import { identifyFile, type OwnedFile, removeOwnedFile } from '../owned-file.ts'
import type { PlannedSocket } from './plan-sockets.ts'

/** A listening socket. */
export class ListeningSocket {
  /** The bound address, with the real port in place of 0. */
  readonly address: SocketAddress
  readonly protocol: PlannedSocket['protocol']
  readonly access: AccessOptions
  /** The file of a Unix socket. */
  readonly file: OwnedFile | undefined
  readonly #descriptor: number
  readonly #inode: number
  #isReleased = false

  private constructor(
    address: SocketAddress,
    protocol: PlannedSocket['protocol'],
    access: AccessOptions,
    descriptor: number,
  ) {
    this.address = address
    this.protocol = protocol
    this.access = access
    this.file = address.kind === 'unix' ? identifyFile(address.path) : undefined
    this.#descriptor = descriptor
    this.#inode = fstatSync(descriptor).ino
  }

  static async bind(
    planned: PlannedSocket,
    access: AccessOptions,
    mode: number | undefined,
  ): Promise<ListeningSocket> {
    const server = createServer(socket => socket.destroy())
    try {
      const { address } = planned
      const { allowPublic } = planned
      const listener = { address, allowPublic, mode: mode ?? DEFAULT_SOCKET_MODE }
      const bound = await explainingAddressInUse(planned, () => listen(server, listener))
      const descriptor = duplicateDescriptor(requireDescriptor(server))
      return new ListeningSocket(
        parseAddress(planned.label, bound.address),
        planned.protocol,
        access,
        descriptor,
      )
    } finally {
      server.close() // closes its own descriptor; the duplicate keeps the socket listening
    }
  }

  /** The address in the form that options take. */
  get addressText(): string {
    return formatAddress(this.address)
  }

  /**
   * Returns a descriptor for a worker to listen on. `node:cluster` closes it when that worker is
   * gone.
   */
  duplicate(): number {
    return duplicateDescriptor(this.#descriptor)
  }

  /** Closes a duplicate on which no worker has listened. */
  closeUnused(duplicate: number): void {
    try {
      if (fstatSync(duplicate).ino === this.#inode) closeSync(duplicate)
    } catch {
      // already closed
    }
  }

  /** Closes the master's descriptor and removes a socket file. */
  release(onLog: (line: string) => void): void {
    if (this.#isReleased) return
    this.#isReleased = true
    closeSync(this.#descriptor)
    try {
      if (this.file !== undefined) removeOwnedFile(this.file)
    } catch (error) {
      onLog(`cannot remove the socket file: ${error}`)
    }
  }
}

function requireDescriptor(server: Server): number {
  const descriptor = descriptorOf(server)
  if (descriptor !== undefined) return descriptor
  throw new UndercroftError(
    'UNDERCROFT_SYSTEM',
    'this version of Node.js does not expose the descriptor of a socket',
  )
}

/** Runs `bind`. An error about an address in use names the option and the address. */
export async function explainingAddressInUse<T>(
  { label, address }: Pick<PlannedSocket, 'label' | 'address'>,
  bind: () => Promise<T>,
): Promise<T> {
  try {
    return await bind()
  } catch (error) {
    if (!isAddressInUse(error)) throw error
    const what = address.kind === 'tcp' ? `port ${address.port}` : `the socket ${address.path}`
    throw new UndercroftError(
      'UNDERCROFT_SYSTEM',
      `${label} ${formatAddress(address)}: ${what} is in use by another program`,
      { cause: error },
    )
  }
}

/** The code of the system is on the error itself or on its cause. */
function isAddressInUse(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return ('code' in error && error.code === 'EADDRINUSE') || isAddressInUse(error.cause)
}
