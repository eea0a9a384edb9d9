/**
 * A server that answers as it is told, for the servers of others and for broken ones.
 */

import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'

export interface ScriptedServer extends AsyncDisposable {
  readonly address: string
  /** What each connection sent, in the order of the connections. */
  readonly requests: readonly Buffer[]
}

/** @param onRequest - Called with the bytes of a connection so far, at each chunk. */
export async function startScriptedServer(
  onRequest: (socket: Socket, received: Buffer, connectionIndex: number) => void,
): Promise<ScriptedServer> {
  const requests: Buffer[] = []
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    const index = requests.push(Buffer.alloc(0)) - 1
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('data', chunk => {
      const received = Buffer.concat([requests[index] ?? chunk, chunk])
      requests[index] = received
      onRequest(socket, received, index)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    address: `127.0.0.1:${port}`,
    requests,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}
