/**
 * A listening socket that the service manager opened before this process started.
 */

import { closeSync, fstatSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { duplicateDescriptor } from '../../platform/index.ts'
import { formatAddress, type SocketAddress } from '../../uwsgi/options/index.ts'

/** Hosts that mean every address of the machine: systemd writes the one, options the other. */
const WILDCARDS: ReadonlySet<string> = new Set(['0.0.0.0', '::', ''])

export class PassedSocket {
  readonly address: SocketAddress
  readonly descriptor: number

  private constructor(address: SocketAddress, descriptor: number) {
    this.address = address
    this.descriptor = descriptor
  }

  /**
   * Takes over the descriptor. Node.js knows the address of a server that listens on it. The server
   * closes before the event loop turns, so it accepts none of the connections that wait already.
   */
  static take(this: void, descriptor: number): PassedSocket {
    const duplicate = duplicateDescriptor(descriptor)
    // A server that fails has no address, and then no option names the socket.
    const server = createServer().on('error', () => {})
    server.listen({ fd: descriptor })
    const bound = server.address()
    server.close()
    const address: SocketAddress =
      bound === null || typeof bound === 'string'
        ? { kind: 'unix', path: findUnixPath(duplicate) }
        : { kind: 'tcp', host: bound.address, port: bound.port }
    return new PassedSocket(address, duplicate)
  }

  get addressText(): string {
    return formatAddress(this.address)
  }

  /** Whether an option with this address means this socket. */
  serves(planned: SocketAddress): boolean {
    const { address } = this
    if (address.kind === 'unix' || planned.kind === 'unix') {
      return address.kind === planned.kind && this.addressText === formatAddress(planned)
    }
    const isSameHost = address.host === planned.host
    const isEveryHost = WILDCARDS.has(address.host) && WILDCARDS.has(planned.host)
    return address.port === planned.port && (isSameHost || isEveryHost)
  }

  close(): void {
    closeSync(this.descriptor)
  }
}

/**
 * Node.js does not ask for the path of a Unix socket that it did not bind. Linux lists all of them
 * by inode, with the path in the eighth column.
 */
function findUnixPath(descriptor: number): string {
  const inode = String(fstatSync(descriptor).ino)
  const lines = readFileSync('/proc/net/unix', 'utf8').split('\n')
  const found = lines.map(line => line.split(' ').filter(part => part !== ''))
  return (
    found
      .find(parts => parts[6] === inode)
      ?.slice(7)
      .join(' ') ?? ''
  )
}
