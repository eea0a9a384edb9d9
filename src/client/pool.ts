/**
 * The connections of one remote cache, and the calls that wait for a connection.
 */

import { UndercroftError } from '../base/index.ts'
import { type Address, formatAddress } from '../net/index.ts'
import {
  type Call,
  Connection,
  type ConnectionOwner,
  type Ending,
  type RemoteRequest,
} from './connection.ts'
import type { ResolvedRemoteOptions } from './options.ts'
import type { Reply } from './reply.ts'

export class Pool implements ConnectionOwner {
  readonly #address: Address
  readonly #options: ResolvedRemoteOptions
  readonly #connections = new Set<Connection>()
  readonly #waiting: Call[] = []
  #pendingCount = 0
  /** The server has kept a connection open, so it does not answer by closing one. */
  #serverKeeps = false
  #closing: Promise<void> | undefined
  #onIdle: (() => void) | undefined

  constructor(address: Address, options: ResolvedRemoteOptions) {
    this.#address = address
    this.#options = options
  }

  /** @returns the reply, or undefined when the server closed without a byte, as uWSGI refuses. */
  call(request: RemoteRequest): Promise<Reply | undefined> {
    return new Promise((resolve, reject) => {
      if (this.#closing !== undefined) {
        throw new UndercroftError(
          'UNDERCROFT_CLOSED',
          this.#say('was closed by close() in this process'),
        )
      }
      if (this.#pendingCount >= this.#options.maxPendingCalls) throw this.#tooMany()
      this.#pendingCount++
      const timer = setTimeout(() => this.#onTimeout(call), this.#options.replyTimeoutMs)
      const settle = () => {
        clearTimeout(timer)
        this.#pendingCount--
        if (this.#pendingCount === 0) this.#onIdle?.()
      }
      const call: Call = {
        request,
        isRetried: false,
        resolve: reply => {
          settle()
          resolve(reply)
        },
        reject: error => {
          settle()
          reject(error)
        },
      }
      this.#waiting.push(call)
      this.#dispatch()
    })
  }

  /** Lets the calls under way finish, each within its time limit, and closes the connections. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  onRoom(): void {
    this.#serverKeeps = true
    this.#dispatch()
  }

  onEnded(connection: Connection, ending: Ending, unanswered: readonly Call[]): void {
    this.#connections.delete(connection)
    switch (ending.kind) {
      case 'connect-failed':
        for (const call of unanswered) call.reject(ending.error)
        // The calls that wait would only meet the same failure later.
        if (this.#connections.size === 0) {
          for (const call of this.#waiting.splice(0)) call.reject(ending.error)
        }
        break
      case 'not-kept':
        this.#waiting.unshift(...unanswered)
        break
      case 'closed-unanswered':
        this.#endUnanswered(unanswered)
        break
      case 'died':
        this.#retryReads(unanswered, ending.error)
    }
    this.#dispatch()
  }

  async #close(): Promise<void> {
    if (this.#pendingCount > 0) {
      await new Promise<void>(resolve => {
        this.#onIdle = resolve
      })
    }
    for (const connection of this.#connections) connection.close()
  }

  #dispatch(): void {
    for (;;) {
      const [call] = this.#waiting
      if (call === undefined) return
      const connection = this.#findConnection()
      if (connection === undefined) return
      this.#waiting.shift()
      connection.send(call)
    }
  }

  /** Prefers an idle connection, then a new one, then the least busy. Undefined: all are busy. */
  #findConnection(): Connection | undefined {
    let best: Connection | undefined
    for (const connection of this.#connections) {
      if (!connection.hasRoom) continue
      if (best === undefined || connection.callCount < best.callCount) best = connection
    }
    const canOpen = this.#connections.size < this.#options.connections
    if (!canOpen || best?.callCount === 0) return best
    const opened = new Connection(this.#address, this.#options, this)
    this.#connections.add(opened)
    return opened
  }

  /**
   * A uWSGI answers by closing. A server that kept connections before does not, unless a uWSGI has
   * taken its place: reads are repeated to find out; for writes the outcome is unknown.
   */
  #endUnanswered(calls: readonly Call[]): void {
    if (this.#serverKeeps) {
      this.#serverKeeps = false
      const what =
        'closed the connection without a reply, so it is unknown whether it executed the command'
      this.#retryReads(calls, new UndercroftError('UNDERCROFT_CONNECTION', this.#say(what)))
    } else {
      for (const call of calls) call.resolve(undefined)
    }
  }

  #retryReads(calls: readonly Call[], error: UndercroftError): void {
    const again = calls.filter(call => call.request.isRead && !call.isRetried)
    for (const call of calls) if (!again.includes(call)) call.reject(error)
    for (const call of again) call.isRetried = true
    this.#waiting.unshift(...again)
  }

  #onTimeout(call: Call): void {
    const { replyTimeoutMs } = this.#options
    const message = this.#say(`gave no reply to ${call.request.command} in ${replyTimeoutMs} ms`)
    const error = new UndercroftError('UNDERCROFT_TIMEOUT', message)
    const position = this.#waiting.indexOf(call)
    if (position !== -1) this.#waiting.splice(position, 1)
    call.reject(error)
    for (const connection of this.#connections) connection.abandon(call)
  }

  #tooMany(): UndercroftError {
    const what = `has ${this.#pendingCount} calls waiting; wait for some or raise maxPendingCalls`
    return new UndercroftError('UNDERCROFT_CONNECTION', this.#say(what))
  }

  #say(what: string): string {
    return `${formatAddress(this.#address)} ${what}`
  }
}
