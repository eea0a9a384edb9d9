/**
 * What many small steps write, sent together.
 */

import type { Socket } from 'node:net'

/**
 * Steps whose writes leave in one go: some 32 requests. Not all that are at hand, because the
 * client takes these replies while the next are made: with 128 calls under way 160,000 requests a
 * second instead of 95,000, on two free cores.
 */
const BATCH_STEPS = 64

/** Takes steps until one is false or the peer must read first. */
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
