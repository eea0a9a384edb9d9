/** A UDP socket of a test, which sends datagrams and waits for others. */

import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { until } from './deadline.ts'
import { onEnd, type Scope } from './scope.ts'

export class UdpPeer {
  readonly received: Buffer[] = []
  readonly #socket: Socket

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('message', bytes => this.received.push(bytes))
  }

  static async open(scope: Scope): Promise<UdpPeer> {
    const socket = createSocket('udp4').bind(0, '127.0.0.1')
    await once(socket, 'listening')
    onEnd(scope, () => new Promise<void>(resolve => socket.close(() => resolve())))
    return new UdpPeer(socket)
  }

  get address(): string {
    return `127.0.0.1:${this.#socket.address().port}`
  }

  send(bytes: Uint8Array, address: string): void {
    this.#socket.send(bytes, Number(address.split(':').at(-1)), '127.0.0.1')
  }

  async hex(count: number): Promise<string[]> {
    await until(`${count} datagrams came`, () => this.received.length >= count)
    return this.received.map(bytes => bytes.toString('hex'))
  }
}

/** @returns a UDP port that is free at the moment, for programs that need a number */
export async function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address()
  await new Promise<void>(resolve => socket.close(() => resolve()))
  return port
}
