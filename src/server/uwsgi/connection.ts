/**
 * One client: packets out of the stream of bytes, replies into it, in the order of the requests.
 *
 * A connection is always in one step (which bytes come next) and one wait (whose turn it is), and
 * every wait has a deadline that the peer's bytes do not move. What the commands do is elsewhere.
 */

import type { Socket } from 'node:net'
import { type Budget, Deadline, Holding } from '../../net/index.ts'
import {
  ByteSource,
  HEADER_SIZE,
  type MagicRequest,
  MODIFIER1_REQUEST,
  MODIFIER2_DUMP,
  MODIFIER2_MAGIC,
  type PacketHeader,
  parseHeader,
  parseMagicRequest,
} from '../../protocols/uwsgi/index.ts'
import { takeSteps } from './batched-steps.ts'
import { refusalReasonOf } from './checks.ts'
import { DUMP_MEMORY_SIZE, dumpReply } from './dump-reply.ts'
import { writeHeld } from './held-writer.ts'
import {
  checkRequest,
  type MagicContext,
  type Outcome,
  refused,
  runRequest,
  takesBody,
} from './magic-commands.ts'
import { encodeOutcome } from './magic-reply.ts'
import { writePaced } from './paced-writer.ts'
import { answerRaw } from './raw-commands.ts'
import { giveRequest, hasHandler, isWithinLimit, type PacketContext } from './uwsgi-request.ts'

export interface ConnectionContext extends MagicContext, PacketContext {
  readonly budget: Budget
  readonly reportError: (error: Error) => void
}

/**
 * Which bytes come next. `stream`: none that matter, the last reply is being made; `over`: it is on
 * its way; `given`: the connection is an application's, and this side does nothing any more.
 */
type Step = 'header' | 'payload' | 'body' | 'skip' | 'stream' | 'over' | 'given'

export class Connection {
  readonly #socket: Socket
  readonly #context: ConnectionContext
  readonly #source = new ByteSource()
  readonly #deadline: Deadline
  #step: Step = 'header'
  #header: PacketHeader = { modifier1: 0, packetSize: 0, modifier2: 0 }
  #request: MagicRequest | undefined
  /** Bytes of an unwanted body still to come. */
  #skipSize = 0
  /** Bodies on their way, given back at the end at the latest. */
  readonly #holding: Holding
  #requestCount = 0
  #isDraining = false

  constructor(socket: Socket, context: ConnectionContext) {
    this.#socket = socket
    this.#context = context
    this.#holding = new Holding(context.budget)
    this.#deadline = new Deadline(context.limits, () => socket.destroy())
    this.#deadline.wait('request', 0, 0)
    socket.on('data', chunk => this.#onData(chunk))
    socket.on('drain', () => this.#onDrain())
    socket.on('end', () => this.#work())
    socket.on('close', () => this.#onClose())
    socket.on('error', ignorePeerError)
  }

  /** Closes after the request that has begun, or after the next. */
  drain(): void {
    this.#isDraining = true
  }

  /** Closes unless a request has begun. */
  endIdle(): void {
    if (this.#step === 'over' || !this.#isMidRequest()) this.#socket.destroySoon()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  /** Sends what is left of a reply that is the last, and ends. */
  finish(buffers: readonly Uint8Array[]): void {
    writeHeld(this.#socket, this.#holding, buffers)
    if (!this.#socket.destroyed) this.#end()
  }

  #onData(chunk: Buffer): void {
    if (this.#step === 'over' || this.#isAnswering()) return
    this.#source.push(chunk)
    this.#work()
  }

  #onDrain(): void {
    if (this.#step === 'given') return
    this.#deadline.clear()
    this.#work()
    if (!this.#socket.writableNeedDrain) this.#socket.resume()
  }

  #onClose(): void {
    this.#deadline.clear()
    this.#holding.releaseAll()
    this.#step = 'over'
  }

  /** Takes all steps that the bytes at hand allow. */
  #work(): void {
    try {
      takeSteps(this.#socket, () => this.#advance())
    } catch (error) {
      this.#fail(error)
    }
    if (this.#socket.destroyed || this.#isAnswering()) return
    // The peer sends no more: what is incomplete now stays so, what was asked has been answered.
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
    if (!hasHandler(this.#header, this.#context)) this.#end()
    else if (!isWithinLimit(this.#header, this.#context)) this.#socket.destroy()
    return !this.#socket.destroyed
  }

  #readPayload(): boolean {
    const payload = this.#source.take(this.#header.packetSize)
    if (payload === undefined) return false
    if (this.#header.modifier1 === MODIFIER1_REQUEST) this.#giveAway(payload)
    else if (this.#header.modifier2 === MODIFIER2_MAGIC) this.#startMagic(payload)
    else if (this.#header.modifier2 === MODIFIER2_DUMP) this.#startDump(payload)
    else this.#answerRaw(payload)
    return true
  }

  #giveAway(payload: Buffer): void {
    this.#step = 'given'
    this.#deadline.clear()
    if (!giveRequest(payload, this.#socket, this.#source, this.#context)) this.#end()
  }

  #readBody(): boolean {
    const request = this.#request
    const size = request?.bodySize ?? 0
    const body = this.#source.take(size)
    if (request === undefined || body === undefined) return false
    this.#finishMagic(request, runRequest(request, body, this.#context))
    this.#holding.release(size)
    return true
  }

  #answerRaw(payload: Buffer): void {
    const { caches, readOnly, budget } = this.#context
    try {
      const context = { cache: caches.default, readOnly, maxReplySize: budget.left }
      writeHeld(this.#socket, this.#holding, answerRaw(this.#header.modifier2, payload, context))
    } catch (error) {
      if (refusalReasonOf(error) === undefined) throw error
    }
    this.#end()
  }

  #startDump(payload: Buffer): void {
    const { budget, caches } = this.#context
    this.#step = 'stream'
    this.#deadline.clear()
    const heldSize = Math.min(DUMP_MEMORY_SIZE, budget.left)
    this.#holding.hold(heldSize)
    writePaced(this.#socket, dumpReply(payload, caches, heldSize), () => this.#setDeadline())
      .then(() => this.#socket.destroyed || this.#end())
      .catch(error => this.#fail(error))
  }

  #startMagic(payload: Buffer): void {
    const request = parseMagicRequest(payload)
    if (request === undefined) {
      this.#end()
      return
    }
    const early = checkRequest(request, this.#context)
    if (early === undefined && takesBody(request.command)) {
      this.#startBody(request)
      return
    }
    const outcome = early ?? runRequest(request, Buffer.alloc(0), this.#context)
    this.#finishMagic(request, outcome, request.bodySize)
  }

  #startBody(request: MagicRequest): void {
    const size = request.bodySize ?? 0
    if (this.#holding.hold(size)) {
      this.#request = request
      this.#step = 'body'
    } else {
      this.#finishMagic(request, refused('busy'), size)
    }
  }

  /** Replies, and then drops the `unreadSize` bytes of a body that nobody wanted. */
  #finishMagic(request: MagicRequest, outcome: Outcome, unreadSize: number | undefined = 0): void {
    const stays = request.keep && this.#canGoOn(request.bodySize, unreadSize)
    const manner = { explicit: request.keep, stays, maxBodySize: this.#context.budget.left }
    writeHeld(this.#socket, this.#holding, encodeOutcome(outcome, manner))
    this.#request = undefined
    this.#skipSize = unreadSize
    if (!stays) this.#end()
    else if (unreadSize > 0) this.#step = 'skip'
    else this.#awaitRequest()
  }

  /** Without its size a body cannot be passed over, and a vast one would take for ever. */
  #canGoOn(bodySize: number | undefined, unreadSize: number): boolean {
    const { maxBufferedSize } = this.#context.limits
    return bodySize !== undefined && unreadSize <= maxBufferedSize && !this.#isDraining
  }

  #awaitRequest(): void {
    this.#step = 'header'
    this.#requestCount++
  }

  /**
   * Ends our side once everything is sent. The peer's side is read to its end, because closing with
   * unread bytes would make the kernel drop a reply that the peer has not fetched yet.
   */
  #end(): void {
    this.#step = 'over'
    if (this.#isDraining) this.#socket.destroySoon()
    else this.#socket.end()
    this.#setDeadline()
  }

  /** The last answer of this connection is being made, and nothing that comes now matters. */
  #isAnswering(): boolean {
    return this.#step === 'stream' || this.#step === 'given'
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
      this.#deadline.wait('body', this.#requestCount, this.#request?.bodySize ?? 0)
    } else if (this.#step === 'skip') {
      this.#deadline.wait('skip', this.#requestCount, this.#skipSize)
    } else if (this.#requestCount === 0 || this.#isMidRequest()) {
      this.#deadline.wait('request', this.#requestCount, 0)
    } else {
      this.#deadline.idle(this.#context.limits.keepTimeoutMs)
    }
  }
}

/** A reset or a broken pipe is how clients leave; `close` follows and frees everything. */
function ignorePeerError(): void {}
