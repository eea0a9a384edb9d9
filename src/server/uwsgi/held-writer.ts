/**
 * Replies on their way out, counted while they are held.
 */

import type { Socket } from 'node:net'
import type { Holding } from '../../net/index.ts'

/** Large replies are held until the peer has read them; without room the connection ends. */
export function writeHeld(socket: Socket, holding: Holding, buffers: readonly Uint8Array[]): void {
  for (const bytes of buffers) {
    if (bytes.length <= UNCOUNTED_SIZE) socket.write(bytes)
    else if (holding.hold(bytes.length)) {
      socket.write(bytes, () => holding.release(bytes.length))
    } else {
      socket.destroy()
      return
    }
  }
}

/** Replies this small are not counted: the socket's own limit on unsent bytes bounds them. */
const UNCOUNTED_SIZE = 16_384 + 4096
