/**
 * One client: takes packets from the stream of bytes and writes the replies in the same order.
 *
 * A connection is always in one step (which bytes come next) and one wait, and every wait has a
 * deadline that the peer's bytes do not move. Other files run the commands.
 */

import type { Socket } from 'node:net'
import { BudgetShare, Deadline, takeSteps, writeBudgeted } from '../../net/index.ts'
import {
  ByteSource,
  type CacheCommand,
  HEADER_SIZE,
  MODIFIER1_CACHE,
  MODIFIER1_REQUEST,
  MODIFIER2_DUMP,
  MODIFIER2_MAGIC,
  type PacketHeader,
  parseCacheCommand,
  parseHeader,
} from '../../protocols/uwsgi/index.ts'
import {
  checkCommand,
  encodeOutcome,
  type Outcome,
  refused,
  runCommand,
  takesBody,
} from './cache-commands.ts'
import { startDump } from './dump-reply.ts'
import { inspect, isInspection } from './inspection.ts'
import { type ConnectionContext, ignorePeerError, type OpenConnection } from './open-connection.ts'
import { answerSimpleCommand } from './simple-commands.ts'
import { giveRequest, refusePacket } from './uwsgi-request.ts'

/**
 * The bytes that come next. `turn`: an inspection waits for its turn; `stream`: the last reply is
 * being made; `over`: it is on its way; `given`: an application has the socket.
 */
type Step = 'header' | 'payload' | 'body' | 'skip' | 'turn' | 'stream' | 'over' | 'given'

export class Connection implements OpenConnection {
  readonly #socket: Socket
  readonly #context: ConnectionContext
  readonly #source = new ByteSource()
  readonly #deadline: Deadline
  #step: Step = 'header'
  #header: PacketHeader = { modifier1: 0, packetSize: 0, modifier2: 0 }
  /** The command whose body is coming. */
  #command: CacheCommand | undefined
  #skipSize = 0
  readonly #share: BudgetShare
  #requestCount = 0
  #isDraining = false

  constructor(socket: Socket, context: ConnectionContext) {
    this.#socket = socket
    this.#context = context
    this.#share = new BudgetShare(context.budget)
    this.#deadline = new Deadline(context.limits, () => socket.destroy())
    this.#deadline.wait('request', 0, 0)
    socket.on('data', chunk => this.#onData(chunk))
    socket.on('drain', () => this.#onDrain())
    socket.on('end', () => this.#work())
    socket.on('close', () => this.#onClose())
    socket.on('error', ignorePeerError)
  }

  /** Begins with a command that the direct acceptor has parsed, and with the bytes after it. */
  begin(command: CacheCommand, rest: Buffer): void {
    if (rest.length > 0) this.#source.push(rest)
    this.#step = 'payload'
    this.#work(command)
  }

  drain(): void {
    this.#isDraining = true
  }

  endIdle(): void {
    if (this.#step === 'over' || !this.#isMidRequest()) this.#socket.destroySoon()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  /** Sends the rest of the last reply, and ends. */
  finish(buffers: readonly Uint8Array[]): void {
    writeBudgeted(this.#socket, this.#share, buffers)
    if (!this.#socket.destroyed) this.#end()
  }

  #onData(chunk: Buffer): void {
    if (this.#step === 'over' || (this.#isAway() && this.#step !== 'turn')) return
    this.#source.push(chunk)
    if (this.#step !== 'turn') this.#work()
  }

  #onDrain(): void {
    if (this.#isAway()) return
    this.#deadline.clear()
    this.#work()
    if (!this.#socket.writableNeedDrain) this.#socket.resume()
  }

  #onClose(): void {
    this.#deadline.clear()
    this.#share.releaseAll()
    this.#step = 'over'
  }

  /** Takes all steps that the bytes at hand allow. */
  #work(first?: CacheCommand): void {
    try {
      if (first !== undefined) this.#startCommand(first)
      takeSteps(this.#socket, () => this.#advance())
    } catch (error) {
      this.#fail(error)
    }
    if (this.#socket.destroyed || this.#isAway()) return
    // The peer sends no more: every whole request is answered, and no other can become whole.
    if (this.#socket.readableEnded && !this.#socket.writableNeedDrain) this.#end()
    else this.#setDeadline()
  }

  #fail(error: unknown): void {
    this.#context.reportError(error instanceof Error ? error : new Error(String(error)))
    this.#socket.destroy()
  }

  /** False: more bytes are needed, or none. */
  #advance(): boolean {
    switch (this.#step) {
      case 'header':
        return this.#readHeader()
      case 'payload':
        return this.#readPayload()
      case 'body':
        return this.#readBody()
      case 'skip':
        this.#skipSize = this.#source.skip(this.#skipSize)
        if (this.#skipSize === 0) this.#awaitRequest()
        return this.#skipSize === 0
      default:
        return false
    }
  }

  #readHeader(): boolean {
    const bytes = this.#source.take(HEADER_SIZE)
    if (bytes === undefined) return false
    this.#header = parseHeader(bytes)
    this.#step = 'payload'
    const { modifier1, packetSize } = this.#header
    if (modifier1 === MODIFIER1_CACHE && packetSize <= this.#context.limits.bufferSize) return true
    const refusal = refusePacket(this.#header, this.#context)
    if (refusal === 'end') this.#end()
    else if (refusal === 'destroy') this.#socket.destroy()
    return !this.#socket.destroyed
  }

  #readPayload(): boolean {
    const payload = this.#source.take(this.#header.packetSize)
    if (payload === undefined) return false
    if (this.#header.modifier1 === MODIFIER1_REQUEST) {
      this.#step = 'given'
      this.#deadline.clear()
      if (!giveRequest(payload, this.#socket, this.#source, this.#context)) this.#end()
    } else if (this.#header.modifier2 === MODIFIER2_MAGIC) {
      const { names } = this.#context.caches
      const command = parseCacheCommand(payload, 0, payload.length, names)
      if (command === undefined) this.#end()
      else this.#startCommand(command)
    } else if (this.#header.modifier2 === MODIFIER2_DUMP) this.#startDump(payload)
    else this.#answerSimpleCommand(payload)
    return true
  }

  #readBody(): boolean {
    const command = this.#command
    const size = command?.bodySize ?? 0
    const body = this.#source.take(size)
    if (command === undefined || body === undefined) return false
    this.#finishCommand(command, runCommand(command, body, this.#context))
    this.#share.release(size)
    return true
  }

  #answerSimpleCommand(payload: Buffer): void {
    const { caches, readOnly, budget } = this.#context
    const context = { cache: caches.default, readOnly, maxReplySize: budget.left }
    const reply = answerSimpleCommand(this.#header.modifier2, payload, context)
    this.finish(reply)
  }

  #startDump(payload: Buffer): void {
    const parts = { socket: this.#socket, share: this.#share, deadline: this.#deadline }
    const turn = startDump(payload, this.#context, parts)
    this.#step = 'stream'
    if (turn === undefined) this.#end()
    else turn.then(() => this.#socket.destroyed || this.#end()).catch(error => this.#fail(error))
  }

  /** Runs a command that reads the whole cache. Until its turn nothing else is read. */
  #startInspection(command: CacheCommand): void {
    const run = () => runCommand(command, NO_BODY, this.#context)
    const turn = inspect(this.#context, this.#socket, run)
    const finish = (outcome: Outcome | undefined) => {
      if (outcome === undefined) return
      this.#finishCommand(command, outcome, command.bodySize)
      this.#socket.resume()
      this.#work()
    }
    if (typeof turn === 'string') this.#finishCommand(command, refused(turn), command.bodySize)
    else {
      this.#step = 'turn'
      this.#deadline.clear()
      this.#socket.pause()
      turn.then(finish).catch(error => this.#fail(error))
    }
  }

  #startCommand(command: CacheCommand): void {
    const early = checkCommand(command, this.#context)
    const size = command.bodySize ?? 0
    if (early === undefined && isInspection(command.name)) this.#startInspection(command)
    else if (early !== undefined || !takesBody(command.name)) {
      const outcome = early ?? runCommand(command, NO_BODY, this.#context)
      this.#finishCommand(command, outcome, command.bodySize)
    } else if (this.#share.hold(size)) {
      this.#command = command
      this.#step = 'body'
    } else this.#finishCommand(command, refused('busy'), size)
  }

  /** Replies, and then drops the `unreadSize` bytes of an unwanted body. */
  #finishCommand(
    command: CacheCommand,
    outcome: Outcome,
    unreadSize: number | undefined = 0,
  ): void {
    const { maxBufferedSize } = this.#context.limits
    // A body without a size cannot be skipped, and skipping a vast one would take too long.
    const canSkip = command.bodySize !== undefined && unreadSize <= maxBufferedSize
    const stays = command.keep && canSkip && !this.#isDraining
    const manner = { explicit: command.keep, stays, maxBodySize: this.#context.budget.left }
    writeBudgeted(this.#socket, this.#share, encodeOutcome(outcome, manner))
    this.#command = undefined
    this.#skipSize = unreadSize
    if (!stays) this.#end()
    else if (unreadSize > 0) this.#step = 'skip'
    else this.#awaitRequest()
  }

  #awaitRequest(): void {
    this.#step = 'header'
    this.#requestCount++
  }

  /**
   * Ends our side once everything is sent. The peer's side is read to its end, because a close with
   * unread bytes makes the kernel drop a reply that the peer has not fetched yet.
   */
  #end(): void {
    this.#step = 'over'
    if (this.#isDraining) this.#socket.destroySoon()
    else this.#socket.end()
    this.#setDeadline()
  }

  /** Whether the next step begins elsewhere: in the turn of an inspection, or never. */
  #isAway(): boolean {
    return this.#step === 'turn' || this.#step === 'stream' || this.#step === 'given'
  }

  #isMidRequest(): boolean {
    return this.#step !== 'header' || this.#source.hasBytes
  }

  #setDeadline(): void {
    const unsentSize = this.#socket.writableLength
    if (this.#socket.writableNeedDrain) {
      this.#socket.pause()
      this.#deadline.wait('reply', this.#requestCount, unsentSize)
    } else if (this.#step === 'over') {
      this.#deadline.wait('end', this.#requestCount, unsentSize)
    } else if (this.#step === 'body') {
      this.#deadline.wait('body', this.#requestCount, this.#command?.bodySize ?? 0)
    } else if (this.#step === 'skip') {
      this.#deadline.wait('skip', this.#requestCount, this.#skipSize)
    } else if (this.#requestCount === 0 || this.#isMidRequest()) {
      this.#deadline.wait('request', this.#requestCount, 0)
    } else {
      this.#deadline.idle(this.#context.limits.keepTimeoutMs)
    }
  }
}

const NO_BODY = Buffer.alloc(0)
