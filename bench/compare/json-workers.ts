/**
 * Measuring processes that are not Node's: they talk in lines of JSON over a Unix socket, whose
 * path they find in their environment.
 */

import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { onEnd, type Scope } from '../../testing/scope.ts'
import { startService } from '../../testing/service.ts'
import type { Request, Response } from './messages.ts'
import type { Worker, WorkerOptions, WorkerPair } from './worker-processes.ts'
import { chunksOf, keysOf, OBJECT_VALUE, OPERATIONS, STRING_VALUE } from './workload.ts'

/** A program that starts two such processes, and ends them with itself. */
export interface WorkerProgram {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
}

export async function startJsonWorkers(
  scope: Scope,
  { name, command, args }: WorkerProgram,
  { location, keyCount }: WorkerOptions,
): Promise<WorkerPair> {
  const controlPath = join(location.dir, 'control.sock')
  const sockets: Socket[] = []
  const server = createServer(socket => sockets.push(socket)).listen(controlPath)
  await once(server, 'listening')
  onEnd(scope, () => server.close())
  const service = await startService(scope, command, args, { env: { BENCH_SOCKET: controlPath } })
  const pair = await service.waitFor('to start two processes', () => pairIn(sockets))
  onEnd(scope, () => pair.map(socket => socket.destroy()))
  const [first, second] = pair.map(socket => workerAt(socket, name, keyCount, service.output))
  if (first === undefined || second === undefined) throw new Error(`${name} has no processes`)
  await first.ask({ kind: 'fill' })
  return { name, first, second }
}

function pairIn([first, second]: readonly Socket[]): Socket[] | undefined {
  return first === undefined || second === undefined ? undefined : [first, second]
}

/** Sends the workload, then a line for each request. */
function workerAt(socket: Socket, name: string, keyCount: number, output: () => string): Worker {
  const lines = createInterface(socket)[Symbol.asyncIterator]()
  const send = (message: unknown) => socket.write(`${JSON.stringify(message, plainBigint)}\n`)
  const chunks = Object.fromEntries(
    OPERATIONS.map(operation => [operation, chunksOf(keysOf(operation, keyCount))]),
  )
  send({ chunks, string: STRING_VALUE, object: OBJECT_VALUE })
  return {
    ask: async (request: Request): Promise<Response> => {
      send(request)
      const { value, done } = await lines.next()
      if (done) throw new Error(`a process of ${name} ended:\n${output()}`)
      return JSON.parse(value)
    },
  }
}

function plainBigint(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}
