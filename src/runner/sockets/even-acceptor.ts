/**
 * Accepts the HTTP connections of a worker, so that all workers have about the same number of them.
 *
 * The kernel wakes every worker for a connection, and the first one takes it: one of four workers
 * got 15 to 32 of 32 connections, and a kept connection stays where it is. So a worker that is
 * ahead of another waits, and accepts only what no other has taken after that time.
 */

import { Socket, type Server as SocketServer } from 'node:net'
import { descriptorOf } from '../../net/index.ts'
import { type DirectListener, listenDirectly } from '../../platform/index.ts'

/** A worker with this many connections more than another is ahead. */
const LEAD = 3

/** Time for the others. It bounds how long a connection waits while another worker is blocked. */
const WAIT_MS = 25

/** Connections that a worker takes at once although it is ahead. */
const MAX_ACCEPTS_AHEAD = 4

/** Connections that a worker takes in one turn of the event loop. */
const MAX_ACCEPTS_IN_TURN = 64

/** Time after which a worker without free descriptors or memory tries again. */
const RETRY_MS = 100

type Listener = Pick<DirectListener, 'start' | 'stop' | 'accept' | 'close'>

export class EvenAcceptor {
  readonly #listener: Listener
  readonly #lead: () => number
  readonly #take: (descriptor: number) => void
  /** Set while this worker waits. */
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  /**
   * @param lead - how many connections this worker is ahead of another
   * @param take - gets a descriptor, and owns it
   */
  constructor(listener: Listener, lead: () => number, take: (descriptor: number) => void) {
    this.#listener = listener
    this.#lead = lead
    this.#take = take
    listener.start(this.#onReadable)
  }

  /**
   * Takes over from a server that listens.
   * @param stop - makes the server stop listening
   * @returns undefined: impossible here; the server continues
   */
  static replace(
    server: SocketServer,
    stop: () => void,
    lead: () => number,
    onConnection: (socket: Socket) => void,
  ): EvenAcceptor | undefined {
    const descriptor = descriptorOf(server)
    const listener = descriptor === undefined ? undefined : listenDirectly(descriptor, false)
    if (listener === undefined) return undefined
    stop()
    return new EvenAcceptor(listener, lead, descriptor => {
      const socket = openSocket(descriptor)
      if (socket === undefined) listener.closeConnection(descriptor)
      else onConnection(socket)
    })
  }

  /** Accepts no more connections. */
  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#listener.close()
  }

  readonly #onReadable = (): void => {
    for (let count = 0; count < MAX_ACCEPTS_IN_TURN; count++) {
      if (this.#lead() >= LEAD) this.#waitFor(WAIT_MS)
      if (this.#timer !== undefined || !this.#accept()) return
    }
  }

  /** Leaves the connections to others for a while. */
  #waitFor(waitMs: number): void {
    this.#listener.stop()
    this.#timer = setTimeout(() => this.#takeRest(), waitMs)
  }

  #takeRest(): void {
    this.#timer = undefined
    for (let count = 0; count < MAX_ACCEPTS_AHEAD; count++) {
      if (!this.#accept()) break
    }
    if (this.#timer === undefined && !this.#isClosed) this.#listener.start(this.#onReadable)
  }

  /** Returns whether there may be more. */
  #accept(): boolean {
    const accepted = this.#listener.accept()
    if (accepted === 'none') return false
    if (accepted === 'exhausted') this.#waitFor(RETRY_MS)
    if (typeof accepted === 'number') this.#take(accepted)
    return accepted !== 'exhausted'
  }
}

/** As a listening `http.Server` does. */
function openSocket(descriptor: number): Socket | undefined {
  try {
    const owner = { fd: descriptor, readable: true, writable: true }
    return new Socket({ ...owner, allowHalfOpen: true }).setNoDelay(true)
  } catch {
    return undefined
  }
}
