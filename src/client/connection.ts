/**
 * One connection to a server: sends calls, and receives the replies in the same order.
 *
 * A new connection takes one call. Once a reply has `keep=1`, calls are sent without waiting for
 * each other. A reply without it is the last one, and the server did not execute later calls.
 */

import { connect, type Socket } from 'node:net'
import { UndercroftError } from '../base/index.ts'
import { type Address, formatAddress } from '../net/index.ts'
import { type CacheCommandName, ClientLogin } from '../protocols/uwsgi/index.ts'
import type { ResolvedRemoteOptions } from './options.ts'
import { protocolError, type Reply, ReplyReader } from './reply.ts'

export interface RemoteRequest {
  readonly command: CacheCommandName
  readonly buffers: readonly Uint8Array[]
  /** The command changes nothing, so sending it a second time does no harm. */
  readonly isRead: boolean
}

/** One call that waits for its reply. */
export interface Call {
  readonly request: RemoteRequest
  /** Undefined: the server closed without a byte, which is how uWSGI refuses. */
  resolve(reply: Reply | undefined): void
  reject(error: Error): void
  /** The call was sent on a connection that died. It is not sent a third time. */
  isRetried: boolean
}

/** Why a connection ended, and what is known about the calls without a reply. */
export type Ending =
  | { readonly kind: 'connect-failed'; readonly error: UndercroftError }
  /** The first call was answered by closing without a byte. */
  | { readonly kind: 'closed-unanswered' }
  /** The last reply announced the end: the remaining calls were not executed. */
  | { readonly kind: 'not-kept' }
  /** The server may or may not have executed the remaining calls. */
  | { readonly kind: 'died'; readonly error: UndercroftError }

export interface ConnectionOwner {
  /** The server keeps this connection, and there is room for another call. */
  onRoom(): void
  /** The connection ended. `unanswered` are the calls without a reply, in order. Called once. */
  onEnded(connection: Connection, ending: Ending, unanswered: readonly Call[]): void
}

/** The most calls under way on one connection, which bounds how long a reply waits. */
const MAX_IN_FLIGHT = 256

/**
 * Calls that leave in one write. With more the server would have no work meanwhile: 128 calls under
 * way make 160,000 calls a second instead of 95,000, on two free cores, with the same limit at the
 * server.
 */
const MAX_BATCH_SIZE = 32

export class Connection {
  readonly #socket: Socket
  readonly #owner: ConnectionOwner
  readonly #options: ResolvedRemoteOptions
  readonly #from: string
  readonly #reader: ReplyReader
  readonly #calls: Call[] = []
  #timer: NodeJS.Timeout | undefined
  /** Calls in the current write so far. */
  #batchSize = 0
  /** Until the login is done, nothing else is sent. */
  #login: ClientLogin | undefined
  /** Connected, and logged in if there is a secret. */
  #isReady = false
  #isKept = false
  #isOver = false

  constructor(address: Address, options: ResolvedRemoteOptions, owner: ConnectionOwner) {
    this.#options = options
    this.#owner = owner
    this.#from = formatAddress(address)
    this.#reader = new ReplyReader(options.maxValueSize, this.#from)
    this.#socket = address.kind === 'unix' ? connect(address.path) : connect(address)
    this.#socket.setNoDelay(true)
    this.#timer = setTimeout(() => this.#onConnectTimeout(), options.connectTimeoutMs)
    if (options.secret !== undefined) this.#login = new ClientLogin(options.secret, this.#from)
    this.#socket.once('connect', () => this.#onConnected())
    this.#socket.on('data', chunk => this.#onData(chunk))
    this.#socket.on('error', error => this.#onGone(error))
    this.#socket.once('end', () => this.#onGone())
    this.#socket.once('close', () => this.#onGone())
  }

  get callCount(): number {
    return this.#calls.length
  }

  get hasRoom(): boolean {
    return !this.#isOver && this.#calls.length < (this.#isKept ? MAX_IN_FLIGHT : 1)
  }

  /** Only while there is room. */
  send(call: Call): void {
    this.#calls.push(call)
    if (this.#isReady) this.#setIdle(false)
    if (this.#login === undefined) this.#write(call)
  }

  #write(call: Call): void {
    // Calls that are made in one turn of the event loop leave together.
    if (this.#socket.writableCorked === 0) {
      this.#socket.cork()
      this.#batchSize = 0
      process.nextTick(() => this.#socket.uncork())
    }
    for (const bytes of call.request.buffers) this.#socket.write(bytes)
    if (++this.#batchSize === MAX_BATCH_SIZE) this.#socket.uncork()
  }

  /** Drops a call that is under way here. The connection ends, because replies come in order. */
  abandon(call: Call): void {
    const position = this.#calls.indexOf(call)
    if (position === -1) return
    this.#calls.splice(position, 1)
    this.#end({ kind: 'died', error: this.#died() })
  }

  /** Only while no calls are under way. */
  close(): void {
    this.#end({ kind: 'not-kept' })
  }

  #onConnected(): void {
    if (this.#login === undefined) this.#onReady()
    else for (const bytes of this.#login.begin()) this.#socket.write(bytes)
  }

  #onReady(): void {
    this.#isReady = true
    this.#setIdle(this.#calls.length === 0)
  }

  /** Sends the next step of the login, or after it the calls that waited. */
  #continueLogin(login: ClientLogin, reply: Reply): void {
    const buffers = login.next(reply.fields)
    if (buffers !== undefined) {
      for (const bytes of buffers) this.#socket.write(bytes)
      return
    }
    this.#login = undefined
    this.#isKept = true // the replies of a login always have keep=1
    for (const call of this.#calls) this.#write(call)
    this.#onReady()
  }

  #onConnectTimeout(): void {
    const { connectTimeoutMs } = this.#options
    const message = `${this.#from}: no connection within ${connectTimeoutMs} ms; is the server up?`
    const error = new UndercroftError('UNDERCROFT_TIMEOUT', message)
    this.#end({ kind: 'connect-failed', error })
  }

  #onData(chunk: Buffer): void {
    if (this.#isOver) return
    this.#reader.push(chunk)
    try {
      for (let reply = this.#reader.next(); reply !== undefined; reply = this.#reader.next()) {
        if (this.#login !== undefined) this.#continueLogin(this.#login, reply)
        else if (!this.#deliver(reply)) return
      }
    } catch (failure) {
      if (this.#login !== undefined) {
        const error = failure instanceof UndercroftError ? failure : this.#login.closed()
        this.#end({ kind: 'connect-failed', error })
        return
      }
      // The start of the next reply is unknown now. The first call gets the error itself.
      const error = this.#died(failure)
      this.#calls.shift()?.reject(failure instanceof UndercroftError ? failure : error)
      this.#end({ kind: 'died', error })
      return
    }
    if (!this.#isKept) return
    if (this.#calls.length === 0) this.#setIdle(true)
    this.#owner.onRoom()
  }

  /** False: this was the last reply. */
  #deliver(reply: Reply): boolean {
    const call = this.#calls.shift()
    if (call === undefined)
      throw protocolError(this.#from, 'the server sent a reply without a request')
    this.#isKept = reply.isKept
    call.resolve(reply)
    if (!this.#isKept) this.#end({ kind: 'not-kept' })
    return this.#isKept
  }

  #onGone(error?: Error): void {
    if (this.#isOver) return
    if (this.#login?.hasBegun === true) {
      this.#end({ kind: 'connect-failed', error: this.#login.closed() })
    } else if (!this.#isReady) {
      const message = `${this.#from}: cannot connect (${reasonOf(error)}); is the server up?`
      const failure = new UndercroftError('UNDERCROFT_CONNECTION', message, { cause: error })
      this.#end({ kind: 'connect-failed', error: failure })
    } else if (this.#reader.isMidReply) {
      this.#calls.shift()?.reject(protocolError(this.#from, 'the connection ended within a reply'))
      this.#end({ kind: 'died', error: this.#died(error) })
    } else if (this.#isKept) {
      this.#end({ kind: 'died', error: this.#died(error) })
    } else {
      this.#end({ kind: 'closed-unanswered' })
    }
  }

  #died(cause?: unknown): UndercroftError {
    return new UndercroftError(
      'UNDERCROFT_CONNECTION',
      `${this.#from}: the connection ended before the reply, so it is unknown whether the server ` +
        'executed the command; call again if executing it twice does no harm',
      { cause },
    )
  }

  #end(ending: Ending): void {
    if (this.#isOver) return
    this.#isOver = true
    clearTimeout(this.#timer)
    this.#socket.destroy()
    this.#owner.onEnded(this, ending, this.#calls.splice(0))
  }

  /** An idle connection does not keep the process alive, and closes after a while. */
  #setIdle(isIdle: boolean): void {
    clearTimeout(this.#timer)
    if (isIdle) {
      this.#socket.unref()
      this.#timer = setTimeout(() => this.close(), this.#options.idleTimeoutMs).unref()
    } else {
      this.#socket.ref()
    }
  }
}

/** The error of a host with several addresses has a code and no message. */
function reasonOf(error: NodeJS.ErrnoException | undefined): string {
  return error?.code ?? error?.message ?? 'closed'
}
