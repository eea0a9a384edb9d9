/**
 * One client of the stats server: find out whether it speaks HTTP, answer once, close.
 *
 * uWSGI's tools connect and wait for the document without sending a byte. An HTTP client sends its
 * request at once. So a client that stays silent for a moment gets the document.
 */

import type { Socket } from 'node:net'
import { Deadline } from '../net/index.ts'
import {
  incomplete,
  MAX_HEAD_SIZE,
  PLAIN,
  parseStatsRequest,
  type StatsRequest,
} from './stats-http.ts'

/**
 * How long a client may be silent before it gets the document without a request. A request follows
 * its connection at once, but on a busy machine the client may lose the processor in between. A
 * tool that waits for the document once a second, such as uwsgitop, does not notice this delay. A
 * client that has ended its side (half-close) gets the document at once.
 */
const FIRST_BYTE_WAIT_MS = 100

/**
 * Both timers act in an immediate. Timers fire before sockets are read, so after a pause of this
 * process the request may have arrived unread. An immediate runs after the reading.
 */
export class StatsConnection {
  readonly #socket: Socket
  readonly #respond: (request: StatsRequest) => string
  readonly #deadline: Deadline
  readonly #silence: NodeJS.Timeout
  #head = ''
  #isAnswered = false

  constructor(socket: Socket, timeoutMs: number, respond: (request: StatsRequest) => string) {
    this.#socket = socket
    this.#respond = respond
    const limits = { socketTimeoutMs: timeoutMs, minBytesPerSecond: 1 }
    this.#deadline = new Deadline(limits, () => setImmediate(() => this.#onLate()))
    this.#deadline.wait('request', 0, 0)
    this.#silence = setTimeout(() => setImmediate(() => this.#onSilence()), FIRST_BYTE_WAIT_MS)
    socket.on('data', chunk => this.#onData(chunk))
    socket.on('end', () => this.#answer(this.#head === '' ? PLAIN : incomplete(this.#head, 400)))
    socket.on('close', () => this.#onClose())
    socket.on('error', () => {}) // 'close' follows
  }

  /** Sends an answer that has begun, and nothing else. */
  close(): void {
    this.#isAnswered = true
    this.#socket.destroySoon()
  }

  #onSilence(): void {
    if (this.#head === '') this.#answer(PLAIN)
  }

  /** Bytes after the answer are read and dropped: unread bytes would make the close a reset. */
  #onData(chunk: Buffer): void {
    clearTimeout(this.#silence)
    if (this.#isAnswered) return
    this.#head += chunk.toString('latin1', 0, MAX_HEAD_SIZE + 1)
    const request = parseStatsRequest(this.#head)
    if (request !== 'more') this.#answer(request)
  }

  #onLate(): void {
    if (this.#isAnswered) this.#socket.destroy()
    else this.#answer(incomplete(this.#head, 408))
  }

  #onClose(): void {
    this.#isAnswered = true
    clearTimeout(this.#silence)
    this.#deadline.clear()
  }

  #answer(request: StatsRequest): void {
    if (this.#isAnswered) return
    this.#isAnswered = true
    this.#head = ''
    clearTimeout(this.#silence)
    this.#deadline.wait('reply', 0, 0)
    this.#socket.end(this.#respond(request))
  }
}
