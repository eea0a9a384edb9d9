/**
 * Asking a Node listener without a client: a request and a response on a connection that leads
 * nowhere.
 *
 * The application must not notice a difference, so the connection has every method of a socket, and
 * the facts of the connection on which the client asked.
 */

import { IncomingMessage, ServerResponse } from 'node:http'
import { Duplex } from 'node:stream'
import { REQUEST_VARIABLES } from '../http-message/index.ts'

type Socket = IncomingMessage['socket']

/** The properties that applications read from a connection. */
const SOCKET_FACTS = [
  ...['remoteAddress', 'remotePort', 'remoteFamily', 'localAddress', 'localPort', 'localFamily'],
  ...['encrypted', 'authorized', 'authorizationError', 'alpnProtocol', 'servername'],
  REQUEST_VARIABLES,
]

/** Methods of a TLS connection, which the client's connection answers. */
const TLS_METHODS = [
  ...['getCertificate', 'getCipher', 'getEphemeralKeyInfo', 'getFinished', 'getPeerCertificate'],
  ...['getPeerFinished', 'getPeerX509Certificate', 'getProtocol', 'getSession', 'getTLSTicket'],
  ...['getSharedSigalgs', 'getX509Certificate', 'isSessionReused', 'exportKeyingMaterial'],
]

/** Discards everything that is written, and has nothing to read. */
class DiscardingConnection extends Duplex {
  readonly connecting = false
  readonly pending = false
  readonly bytesRead = 0
  bytesWritten = 0
  timeout: number | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(client: Socket) {
    super()
    const facts = client as unknown as Readonly<Record<string | symbol, unknown>>
    for (const name of SOCKET_FACTS) {
      if (facts[name] !== undefined) Object.defineProperty(this, name, { value: facts[name] })
    }
    for (const name of TLS_METHODS) {
      const method = facts[name]
      if (typeof method !== 'function') continue
      const value = (...args: unknown[]) => Reflect.apply(method, client, args)
      Object.defineProperty(this, name, { value })
    }
  }

  get readyState(): 'open' | 'closed' {
    return this.destroyed ? 'closed' : 'open'
  }

  address(): object {
    const {
      localAddress: address,
      localFamily: family,
      localPort: port,
    } = this as unknown as Socket
    return address === undefined ? {} : { address, family, port }
  }

  /** Emits `timeout` when the application writes nothing for so long, as `net.Socket` does. */
  setTimeout(timeoutMs: number, callback?: () => void): this {
    clearTimeout(this.#timer)
    this.timeout = timeoutMs
    const isOn = timeoutMs > 0 && !this.destroyed
    this.#timer = isOn ? setTimeout(() => this.emit('timeout'), timeoutMs).unref() : undefined
    if (callback === undefined) return this
    return timeoutMs > 0 ? this.once('timeout', callback) : this.off('timeout', callback)
  }

  setNoDelay(): this {
    return this
  }

  setKeepAlive(): this {
    return this
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }

  resetAndDestroy(): this {
    return this.destroy()
  }

  destroySoon(): void {
    this.end(() => this.destroy())
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, callback: () => void): void {
    this.bytesWritten += chunk.length
    this.#timer?.refresh()
    callback()
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    clearTimeout(this.#timer)
    callback(error)
  }
}

/**
 * Returns the same request once more, as another client of the same address would send it.
 *
 * @param onError - is called when the application ends the connection with an error
 */
export function createBackgroundExchange(
  message: IncomingMessage,
  onError: (error: unknown) => void,
): {
  readonly request: IncomingMessage
  readonly response: ServerResponse
} {
  const connection = new DiscardingConnection(message.socket)
  connection.on('error', onError)
  // Both constructors use only what the class has. Node's own tests pass them a Duplex as well.
  const socket = connection as unknown as Socket
  const request = new IncomingMessage(socket)
  request.method = message.method
  request.url = message.url
  request.httpVersion = message.httpVersion
  request.httpVersionMajor = message.httpVersionMajor
  request.httpVersionMinor = message.httpVersionMinor
  request.rawHeaders = [...message.rawHeaders]
  request.headers = { ...message.headers }
  request.complete = true
  request.push(null)
  const response = new ServerResponse(request)
  response.assignSocket(socket)
  response.once('finish', () => socket.destroy())
  return { request, response }
}
