/**
 * A reply that is made while it is sent, no faster than the peer reads it.
 */

import type { Socket } from 'node:net'

/** Done when all is written, or the socket is gone. `onFull`: the peer must read first. */
export async function writePaced(
  socket: Socket,
  chunks: AsyncIterable<Uint8Array>,
  onFull: () => void,
): Promise<void> {
  let wake = (): void => {}
  socket.on('drain', () => wake())
  socket.on('close', () => wake())
  for await (const bytes of chunks) {
    if (socket.destroyed) return
    if (socket.write(bytes)) continue
    onFull()
    await new Promise<void>(resolve => {
      wake = resolve
    })
  }
}
