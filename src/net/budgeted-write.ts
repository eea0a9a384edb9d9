/**
 * Bytes that connections hold, in and out: a budget for all connections of a server, and the ways
 * to write a reply within it.
 */

import type { Socket } from 'node:net'
import { assert } from '../base/index.ts'

/** A limit on the bytes that all connections of a server hold together. */
export class Budget {
  #left: number

  constructor(size: number) {
    this.#left = size
  }

  get left(): number {
    return this.#left
  }

  /** False: the bytes do not fit now, and the budget is unchanged. */
  reserve(size: number): boolean {
    if (size > this.#left) return false
    this.#left -= size
    return true
  }

  release(size: number): void {
    assert(size >= 0, 'released bytes were reserved before')
    this.#left += size
  }
}

/** The part of a budget that one connection holds. */
export class BudgetShare {
  readonly #budget: Budget
  #size = 0

  constructor(budget: Budget) {
    this.#budget = budget
  }

  /** False: there is no room now. */
  hold(size: number): boolean {
    if (!this.#budget.reserve(size)) return false
    this.#size += size
    return true
  }

  /** Never releases more than the share: a write may end after {@link BudgetShare.releaseAll}. */
  release(size: number): void {
    const released = Math.min(size, this.#size)
    this.#size -= released
    this.#budget.release(released)
  }

  releaseAll(): void {
    this.release(this.#size)
  }
}

/** A smaller reply is not counted: the socket's own limit on unsent bytes bounds such replies. */
const UNCOUNTED_SIZE = 16_384 + 4096

/**
 * Writes a reply. A large buffer counts until the peer has read it; without room for one the
 * connection ends.
 */
export function writeBudgeted(
  socket: Socket,
  share: BudgetShare,
  buffers: readonly Uint8Array[],
): void {
  for (const bytes of buffers) {
    if (bytes.length <= UNCOUNTED_SIZE) socket.write(bytes)
    else if (share.hold(bytes.length)) {
      socket.write(bytes, () => share.release(bytes.length))
    } else {
      socket.destroy()
      return
    }
  }
}

/**
 * Writes chunks as they are made, no faster than the peer reads them.
 *
 * @returns when all chunks are written, or the socket is gone.
 */
export async function writePaced(socket: Socket, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  let wake = (): void => {}
  socket.on('drain', () => wake())
  socket.on('close', () => wake())
  for await (const bytes of chunks) {
    if (socket.destroyed) return
    if (socket.write(bytes)) continue
    await new Promise<void>(resolve => {
      wake = resolve
    })
  }
}

/**
 * The steps whose writes leave together: some 32 requests. The client reads these replies while the
 * server makes the next ones: with 128 calls under way 160,000 requests a second instead of 95,000
 * for all steps at hand in one write, on two free cores.
 */
const BATCH_STEPS = 64

/** Takes steps until one returns false or the peer must read first. */
export function takeSteps(socket: Socket, step: () => boolean): void {
  socket.cork()
  try {
    for (let count = 1; !socket.writableNeedDrain && step(); count++) {
      if (count % BATCH_STEPS > 0) continue
      socket.uncork()
      socket.cork()
    }
  } finally {
    socket.uncork()
  }
}
