/**
 * The sockets of an instance: bound and listened on by the master, which never accepts.
 *
 * The workers do that, each on a duplicate of its own, so a connection costs the master nothing.
 * And as long as the master lives there is somewhere to wait: connections that come while the only
 * worker is being replaced are accepted by the next.
 */

import { closeSync, fstatSync } from 'node:fs'
import { createServer, type Server } from 'node:net'
import { UndercroftError } from '../../base/index.ts'
import { type AccessOptions, descriptorOf, listen } from '../../net/index.ts'
import { duplicateDescriptor } from '../../platform/index.ts'
import { formatAddress, parseAddress, type SocketAddress } from '../../uwsgi/options/index.ts'
import { identifyFile, type OwnedFile, removeOwnedFile } from '../owned-file.ts'
import type { PlannedSocket } from './plan-sockets.ts'

/** Of a Unix socket, unless `chmod-socket` says otherwise: its owner alone. */
const DEFAULT_MODE = 0o600

/** A socket that listens. */
export class ListeningSocket {
  /** As bound: port 0 has become a real one. */
  readonly address: SocketAddress
  readonly protocol: PlannedSocket['protocol']
  readonly access: AccessOptions
  /** Of a Unix socket. */
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
      const listener = { address, allowPublic, mode: mode ?? DEFAULT_MODE }
      const bound = await explainingAddressInUse(planned, () => listen(server, listener))
      const descriptor = duplicateDescriptor(requireDescriptor(server))
      return new ListeningSocket(
        parseAddress(planned.label, bound.address),
        planned.protocol,
        access,
        descriptor,
      )
    } finally {
      server.close() // its own number for the socket; ours keeps it listening
    }
  }

  /** The address as it is written in options. */
  get addressText(): string {
    return formatAddress(this.address)
  }

  /** A number for a worker to listen on, which `node:cluster` closes when that worker is gone. */
  duplicate(): number {
    return duplicateDescriptor(this.#descriptor)
  }

  /** Closes a duplicate that no worker came to listen on. */
  closeUnused(duplicate: number): void {
    try {
      if (fstatSync(duplicate).ino === this.#inode) closeSync(duplicate)
    } catch {
      // it is closed already
    }
  }

  /** Listens no more, as far as the master is concerned, and removes a socket file. */
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
  throw new UndercroftError('UNDERCROFT_SYSTEM', 'this Node.js does not tell a socket’s descriptor')
}

// MERGED: Saying which option asked for an address that somebody else has. /

/** What `bind` gives; an error about an address in use names the option and the address. */
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

/** The system's code, on the error itself or on the one it came from. */
function isAddressInUse(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  return ('code' in error && error.code === 'EADDRINUSE') || isAddressInUse(error.cause)
}
