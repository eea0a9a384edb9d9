/**
 * A server with scripted answers. It stands for servers of other projects and for broken ones.
 */

import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'

export interface ScriptedServer extends AsyncDisposable {
  readonly address: string
  /** The bytes that each connection sent, in the order of the connections. */
  readonly requests: readonly Buffer[]
}

/** @param onRequest - Called for each chunk, with all bytes of the connection so far. */
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
