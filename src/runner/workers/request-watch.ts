/**
 * The requests in progress in a worker's application: counted, timed, and reported on the
 * scoreboard.
 *
 * Every request passes here, so the cost matters: 0.7 us, while Node.js itself needs 18 us for
 * "hello". For that reason the list is linked by hand, the clock is read only now and then, and
 * there is no `once`.
 */

import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Clock } from '../../base/index.ts'
import { headOf, type LoggedRequest } from '../log/log-format.ts'
import type { RequestLog } from '../log/request-log.ts'
import type { ScoreboardEntry } from './scoreboard.ts'

/** One request in progress, linked to the requests that began before and after it. */
interface ActiveRequest {
  /** Counted from 1. */
  readonly number: number
  /** By the clock that is read now and then. */
  readonly startedAtMs: number
  /** Undefined: the request is not timed. */
  readonly exactStartMs: number | undefined
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** Undefined without a request log. */
  readonly logged: LogEntry | undefined
  older: ActiveRequest | undefined
  younger: ActiveRequest | undefined
  isOver: boolean
}

/**
 * What the request log gets. A class, because objects that are copied with `...` cost 8 us here:
 * V8 does so slowly where fields are sometimes whole numbers and sometimes not.
 */
class LogEntry implements LoggedRequest {
  readonly number: number
  readonly startedAtMs: number
  readonly uri: string
  readonly address: string | undefined
  readonly request: IncomingMessage
  readonly response: ServerResponse
  tookMs = Number.NaN
  sentSize = 0
  head = ''
  /** Undefined for HTTP/2, where requests share their connection. */
  readonly #socket: Socket | undefined
  /** Bytes that the connection had sent before. */
  readonly #sentBefore: number

  constructor(
    number: number,
    startedAtMs: number,
    request: IncomingMessage,
    response: ServerResponse,
  ) {
    const { socket } = request
    this.number = number
    this.startedAtMs = startedAtMs
    this.uri = request.url ?? ''
    this.address = socket.remoteAddress
    this.request = request
    this.response = response
    this.#socket = request.httpVersionMajor < 2 ? socket : undefined
    this.#sentBefore = socket.bytesWritten
  }

  /** Adds the facts of the end. */
  end(tookMs: number): void {
    this.tookMs = tookMs
    this.sentSize =
      this.#socket === undefined
        ? Number(this.response.getHeader('content-length') ?? 0)
        : this.#socket.bytesWritten - this.#sentBefore
    this.head = headOf(this.response)
  }
}

/** A request that was ended because it took too long. */
export interface LateRequest {
  readonly what: string
  readonly tookMs: number
}

/** One of this many requests is timed and counts for all of them. */
const TIMED_SHARE = 8

export class RequestWatch {
  /** Called once, when this many requests have begun. */
  onCount: { readonly count: number; readonly act: () => void } | undefined
  readonly #entry: ScoreboardEntry
  readonly #clock: Clock
  readonly #log: RequestLog | undefined
  #nowMs: number
  /** The Unix time when the clock of elapsed time was 0. */
  #originMs: number
  #oldest: ActiveRequest | undefined
  #youngest: ActiveRequest | undefined
  #count = 0
  #activeCount = 0
  #averageMicros = 0
  #isDraining = false
  #whenIdle: () => void = () => {}

  /** @param log - absent: no request is logged */
  constructor(entry: ScoreboardEntry, clock: Clock, log?: RequestLog) {
    this.#entry = entry
    this.#clock = clock
    this.#log = log
    this.#nowMs = clock.elapsedMs()
    this.#originMs = clock.nowMs() - this.#nowMs
  }

  /** Returns a listener that watches each of its requests. */
  wrap(listener: RequestListener): RequestListener {
    return (request, response) => {
      this.#begin(request, response)
      return listener(request, response)
    }
  }

  /**
   * Called several times a second: shows on the scoreboard that the event loop is running, and
   * reads the clocks.
   */
  beat(): void {
    this.#entry.add('beats', 1)
    this.#entry.write('workedMs', performance.eventLoopUtilization().active)
    this.#nowMs = this.#clock.elapsedMs()
    this.#originMs = this.#clock.nowMs() - this.#nowMs
  }

  /** The responses in progress, which identify busy connections. */
  get responses(): readonly ServerResponse[] {
    return this.#active().map(({ response }) => response)
  }

  /** Makes each response the last of its connection. Resolves when no request is in progress. */
  drain(): Promise<void> {
    this.#isDraining = true
    for (const { response } of this.#active()) endConnectionAfter(response)
    return new Promise(resolve => {
      this.#whenIdle = resolve
      if (this.#activeCount === 0) resolve()
    })
  }

  /** Ends the connections of requests that exceed the limit, and returns those requests. */
  giveUp(limitMs: number): readonly LateRequest[] {
    this.beat()
    const late = this.#active().filter(({ startedAtMs }) => this.#nowMs - startedAtMs >= limitMs)
    for (const { response } of late) response.destroy()
    return late.map(({ request, startedAtMs }) => ({
      what: `${request.method} ${request.url}`,
      tookMs: this.#nowMs - startedAtMs,
    }))
  }

  #active(): readonly ActiveRequest[] {
    const all: ActiveRequest[] = []
    for (let one = this.#oldest; one !== undefined; one = one.younger) all.push(one)
    return all
  }

  #begin(request: IncomingMessage, response: ServerResponse): void {
    const number = ++this.#count
    const isTimed = this.#log !== undefined || number % TIMED_SHARE === 1
    const exactStartMs = isTimed ? this.#clock.elapsedMs() : undefined
    const active: ActiveRequest = {
      number,
      startedAtMs: this.#nowMs,
      exactStartMs,
      request,
      response,
      logged:
        this.#log && new LogEntry(number, this.#originMs + (exactStartMs ?? 0), request, response),
      older: this.#youngest,
      younger: undefined,
      isOver: false,
    }
    if (this.#youngest === undefined) {
      this.#oldest = active
      this.#entry.write('oldest', number)
    } else this.#youngest.younger = active
    this.#youngest = active
    this.#entry.write('active', ++this.#activeCount)
    this.#entry.write('requests', number)
    if (this.#isDraining) endConnectionAfter(response)
    const end = () => this.#end(active)
    response.on('close', end)
    // A pipelined request behind others has no socket yet, and may never get one.
    if (response.socket === null) request.socket.once('close', end)
    if (number === this.onCount?.count) this.onCount.act()
  }

  #end(active: ActiveRequest): void {
    if (active.isOver) return
    active.isOver = true
    const { older, younger, exactStartMs } = active
    if (younger === undefined) this.#youngest = older
    else younger.older = older
    if (older === undefined) {
      this.#oldest = younger
      this.#entry.write('oldest', younger?.number ?? 0)
    } else older.younger = younger
    this.#entry.write('active', --this.#activeCount)
    if (exactStartMs !== undefined) this.#measure(active, this.#clock.elapsedMs() - exactStartMs)
    if (this.#activeCount === 0) this.#whenIdle()
  }

  #measure({ number, logged }: ActiveRequest, tookMs: number): void {
    if (number % TIMED_SHARE === 1) this.#addTime(tookMs * 1000)
    if (logged === undefined) return
    logged.end(tookMs)
    this.#log?.take(logged)
  }

  #addTime(micros: number): void {
    this.#averageMicros = (this.#averageMicros + micros) / 2
    this.#entry.write('averageMicros', this.#averageMicros)
    this.#entry.add('runningMicros', micros * TIMED_SHARE)
  }
}

/** As Node.js itself does with the last request of a connection. */
function endConnectionAfter(response: ServerResponse): void {
  if (!response.headersSent) response.shouldKeepAlive = false
}
