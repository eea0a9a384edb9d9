/**
 * Measuring processes that do not run in Node: they exchange lines of JSON over a Unix socket. They
 * find its path in the environment variable `BENCH_SOCKET`.
 */

import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { onEnd, type Scope } from '../testing/scope.ts'
import { startService } from '../testing/service.ts'

/** A program that starts measuring processes and ends them when it ends. */
export interface MeasuringProgram {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** One measuring process. */
export interface JsonLines {
  send(message: unknown): void
  /** Sends a message and waits for the answer. Rejects if the process ends first. */
  ask<Answer>(message: unknown): Promise<Answer>
}

/** Starts the program and waits until `count` processes have connected. */
export async function startJsonProcesses(
  scope: Scope,
  { name, command, args, env }: MeasuringProgram,
  directory: string,
  count: number,
): Promise<JsonLines[]> {
  const path = join(directory, 'control.sock')
  const sockets: Socket[] = []
  const server = createServer(socket => sockets.push(socket)).listen(path)
  await once(server, 'listening')
  onEnd(scope, () => server.close())
  const service = await startService(scope, command, args, { env: { ...env, BENCH_SOCKET: path } })
  await service.waitFor(`to start ${count} processes`, () => sockets.length >= count || undefined)
  onEnd(scope, () => sockets.map(socket => socket.destroy()))
  return sockets.slice(0, count).map(socket => jsonLines(socket, name, service.output))
}

function jsonLines(socket: Socket, name: string, output: () => string): JsonLines {
  const lines = createInterface(socket)[Symbol.asyncIterator]()
  const send = (message: unknown) => {
    socket.write(`${JSON.stringify(message, bigintAsText)}\n`)
  }
  return {
    send,
    async ask(message) {
      send(message)
      const { value, done } = await lines.next()
      if (done) throw new Error(`a process of ${name} ended:\n${output()}`)
      return JSON.parse(value)
    },
  }
}

function bigintAsText(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}
