/**
 * A client without a protocol. It sends given bytes and keeps the bytes that it receives.
 */

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { API_ADDRESS, parseAddress } from '../src/net/index.ts'

export class RawClient {
  readonly socket: Socket
  readonly #chunks: Buffer[] = []
  readonly #closed: Promise<void>
  #wake: () => void = () => {}

  private constructor(socket: Socket) {
    this.socket = socket
    socket.setNoDelay(true)
    socket.on('data', chunk => {
      this.#chunks.push(chunk)
      this.#wake()
    })
    socket.on('error', () => {}) // a reset also closes the connection
    this.#closed = new Promise(resolve => socket.once('close', () => resolve()))
  }

  static async connect(address: string): Promise<RawClient> {
    const target = parseAddress('address', address, API_ADDRESS)
    const socket = target.kind === 'unix' ? connect(target.path) : connect(target)
    const client = new RawClient(socket)
    await once(socket, 'connect')
    return client
  }

  send(bytes: Uint8Array): this {
    this.socket.write(bytes)
    return this
  }

  sendHex(hex: string): this {
    return this.send(Buffer.from(hex, 'hex'))
  }

  /** Sends each byte with its own write and waits for it, so that the bytes leave one by one. */
  async sendByteByByte(bytes: Buffer): Promise<void> {
    for (const byte of bytes) {
      await new Promise<void>(resolve => this.socket.write(Buffer.of(byte), () => resolve()))
    }
  }

  halfClose(): this {
    this.socket.end()
    return this
  }

  /** @returns all received bytes, once the server has closed the connection */
  async untilClosed(): Promise<Buffer> {
    await this.#closed
    return Buffer.concat(this.#chunks)
  }

  /** @returns `size` received bytes; fewer if the server closes the connection first */
  async receive(size: number): Promise<Buffer> {
    while (this.#received() < size && !this.socket.closed) {
      const more = new Promise<void>(resolve => {
        this.#wake = resolve
      })
      await Promise.race([more, this.#closed])
    }
    const bytes = Buffer.concat(this.#chunks)
    this.#chunks.length = 0
    this.#chunks.push(bytes.subarray(size))
    return bytes.subarray(0, size)
  }

  close(): void {
    this.socket.destroy()
  }

  #received(): number {
    return this.#chunks.reduce((size, chunk) => size + chunk.length, 0)
  }
}

/** Connects, sends a request, and returns all bytes until the server closes the connection. */
export async function exchange(address: string, request: Uint8Array): Promise<Buffer> {
  const client = await RawClient.connect(address)
  return client.send(request).untilClosed()
}
