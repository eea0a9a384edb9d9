/**
 * The connection of one uwsgi request in the form that Node's HTTP server reads: first the head
 * made from the variables, then the body. Written bytes go to the web server.
 *
 * Neither direction buffers more than the streams do. The connection is closed when the peer is
 * slow to send the part of the body that the app reads, or slow to take the response. The app
 * itself has no time limit here.
 */

import { isIP, type Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { REQUEST_VARIABLES } from '../../http-message/index.ts'

/** What the web server sent, and how long the connection may stay silent. */
export interface ConnectionFacts {
  readonly variables: ReadonlyMap<string, string>
  readonly head: Buffer
  readonly bodySize: number
  /** Bytes that have already arrived: of the body, and perhaps beyond it. */
  readonly early: Buffer
  readonly socketTimeoutMs: number
}

type WriteCallback = (error?: Error | null) => void

export class RequestConnection extends Duplex {
  /** As on Node's TLS sockets; it describes the connection between client and web server. */
  readonly encrypted: boolean
  readonly remoteAddress: string | undefined
  readonly remoteFamily: string | undefined
  readonly remotePort: number | undefined
  readonly [REQUEST_VARIABLES]: ReadonlyMap<string, string>
  /** As on Node's sockets: bytes of the response so far. */
  bytesWritten = 0
  readonly #socket: Socket
  readonly #socketTimeoutMs: number
  #start: readonly Buffer[]
  /** Bytes of the body that the socket has not delivered yet. */
  #bodyLeft: number
  #idleTimer: NodeJS.Timeout | undefined
  #endTimer: NodeJS.Timeout | undefined

  constructor(socket: Socket, facts: ConnectionFacts) {
    super()
    const { variables, head, bodySize, early } = facts
    this[REQUEST_VARIABLES] = variables
    this.encrypted = variables.get('HTTPS') === 'on' || variables.get('REQUEST_SCHEME') === 'https'
    const address = variables.get('REMOTE_ADDR') ?? ''
    const family = isIP(address) // an nginx on a Unix socket has "unix:" there
    this.remoteAddress = family === 0 ? undefined : address
    this.remoteFamily = family === 0 ? undefined : `IPv${family}`
    this.remotePort = Number(variables.get('REMOTE_PORT')) || undefined
    const body = early.subarray(0, bodySize)
    this.#start = body.length === 0 ? [head] : [head, body]
    this.#bodyLeft = bodySize - body.length
    this.#socket = socket
    this.#socketTimeoutMs = facts.socketTimeoutMs
    socket.on('data', chunk => this.#onData(chunk))
    socket.on('end', () => this.#onEnd())
    socket.on('timeout', () => this.destroy())
    socket.on('close', () => this.destroy())
    socket.pause()
  }

  get localAddress(): string | undefined {
    return this.#socket.localAddress
  }

  get localPort(): number | undefined {
    return this.#socket.localPort
  }

  /** As in `net.Socket`: emits `timeout` when no byte arrives or leaves for this long. */
  setTimeout(timeoutMs: number, callback?: () => void): this {
    clearTimeout(this.#idleTimer)
    this.#idleTimer =
      timeoutMs > 0 ? setTimeout(() => this.emit('timeout'), timeoutMs).unref() : undefined
    if (callback !== undefined && timeoutMs > 0) this.once('timeout', callback)
    else if (callback !== undefined) this.off('timeout', callback)
    return this
  }

  setNoDelay(noDelay?: boolean): this {
    this.#socket.setNoDelay(noDelay)
    return this
  }

  setKeepAlive(enable?: boolean, initialDelay?: number): this {
    this.#socket.setKeepAlive(enable, initialDelay)
    return this
  }

  override _read(): void {
    const start = this.#start
    this.#start = []
    for (const bytes of start) this.push(bytes)
    if (this.#socket.readableEnded) {
      this.#onEnd()
      return
    }
    // Needed without a body as well: only reading shows that the client has gone.
    this.#socket.resume()
    this.#setTimeout()
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: WriteCallback): void {
    this.bytesWritten += chunk.length
    this.#socket.write(chunk, () => this.#onWritten(callback))
    this.#setTimeout()
  }

  override _writev(chunks: readonly { readonly chunk: Buffer }[], callback: WriteCallback): void {
    this.#socket.cork()
    for (const { chunk } of chunks) this.bytesWritten += chunk.length
    for (const { chunk } of chunks.slice(0, -1)) this.#socket.write(chunk)
    this.#socket.write(chunks.at(-1)?.chunk ?? NO_BYTES, () => this.#onWritten(callback))
    this.#socket.uncork()
    this.#setTimeout()
  }

  /**
   * Ends our side and reads the peer's side to its end, for a limited time. Closing with unread
   * bytes would make the kernel drop a response that the peer has not fetched yet.
   */
  override _final(callback: WriteCallback): void {
    this.#socket.end(() => {
      this.#endTimer = setTimeout(() => this.destroy(), this.#socketTimeoutMs)
      callback()
    })
    this.#setTimeout()
  }

  /** Resets the connection after part of a response, whose end would look like a normal one. */
  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    clearTimeout(this.#idleTimer)
    clearTimeout(this.#endTimer)
    const isTcp = this.#socket.localPort !== undefined
    if (isTcp && !this.writableFinished) this.#socket.resetAndDestroy()
    else this.#socket.destroy()
    callback(error)
  }

  /** Bytes beyond the body are dropped. */
  #onData(chunk: Buffer): void {
    this.#idleTimer?.refresh()
    if (this.#bodyLeft === 0) return
    const part = chunk.subarray(0, this.#bodyLeft)
    this.#bodyLeft -= part.length
    if (!this.push(part) && this.#bodyLeft > 0) this.#socket.pause()
    this.#setTimeout()
  }

  /** After the response the connection is done; before it, the client has gone. */
  #onEnd(): void {
    if (this.writableFinished) this.destroy()
    else this.push(null)
  }

  #onWritten(callback: WriteCallback): void {
    this.#idleTimer?.refresh()
    this.#setTimeout()
    callback()
  }

  /** The socket's own timer runs only while this side waits for the peer. */
  #setTimeout(): void {
    const socket = this.#socket
    // After an upgrade either side may be silent, and the app decides for how long.
    const isAwaited = this.#bodyLeft > 0 && Number.isFinite(this.#bodyLeft) && !socket.isPaused()
    socket.setTimeout(isAwaited || socket.writableLength > 0 ? this.#socketTimeoutMs : 0)
  }
}

const NO_BYTES = Buffer.alloc(0)
