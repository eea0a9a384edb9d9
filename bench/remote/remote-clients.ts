/**
 * The processes that make requests for the remote benchmark.
 */

import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Child } from '../../testing/child.ts'
import { ROOT } from '../../testing/root.ts'
import { onEnd, type Scope } from '../../testing/scope.ts'
import { startService } from '../../testing/service.ts'
import { tempDir } from '../../testing/temp-dir.ts'
import type { Timing } from '../compare/timed-loop.ts'
import { chunksOf, keysOf, STRING_VALUE } from '../compare/workload.ts'

export const REMOTE_OPERATIONS = ['get', 'set'] as const

export type RemoteOperation = (typeof REMOTE_OPERATIONS)[number]

/** One sample of one client process. */
export interface RemoteTask {
  readonly operation: RemoteOperation
  /** `bench@address`. */
  readonly server: string
  readonly startAtNs: bigint
  readonly durationMs: number
}

/** The client's own processor time tells nothing here: the server's is what is looked at. */
export type RemoteTiming = Pick<Timing, 'callCount' | 'elapsedMs'>

export interface RemoteClient {
  measure(task: RemoteTask): Promise<RemoteTiming>
}

const SCRIPT = join(ROOT, 'bench/remote/remote.py')

/** Long enough for a sample on a slow machine. */
const ANSWER_LIMIT_MS = 60_000

/** What every client goes through. */
export function remoteKeys(keyCount: number): string[] {
  return keysOf('get string', keyCount)
}

/** uWSGI's own client, in so many mules of a uWSGI that serves nothing. */
export async function startUwsgiClients(
  scope: Scope,
  command: string,
  count: number,
  keyCount: number,
): Promise<RemoteClient[]> {
  const dir = tempDir(scope)
  const controlPath = join(dir, 'control.sock')
  const sockets: Socket[] = []
  const control = createServer(socket => sockets.push(socket)).listen(controlPath)
  await once(control, 'listening')
  onEnd(scope, () => control.close())
  const socket = ['--socket', join(dir, 'unused.sock')]
  const mules = Array.from({ length: count }, () => `--mule=${SCRIPT}`)
  const args = ['--master', '--die-on-term', '--disable-logging', ...socket, ...mules]
  const service = await startService(scope, command, args, { env: { BENCH_SOCKET: controlPath } })
  await service.waitFor('to start its mules', () => sockets.length === count || undefined)
  onEnd(scope, () => sockets.map(mule => mule.destroy()))
  return sockets.map(mule => muleClient(mule, keyCount))
}

/** Sends the workload, then a line for each task. */
function muleClient(mule: Socket, keyCount: number): RemoteClient {
  const lines = createInterface(mule)[Symbol.asyncIterator]()
  const send = (message: unknown) => mule.write(`${JSON.stringify(message, plainBigint)}\n`)
  send({ chunks: chunksOf(remoteKeys(keyCount), MULE_CHUNK_LENGTH), value: STRING_VALUE })
  return {
    async measure(task) {
      send(task)
      const { value, done } = await lines.next()
      if (done) throw new Error('a mule of uWSGI ended')
      const answer: RemoteTiming | { readonly failure: string } = JSON.parse(value)
      if ('failure' in answer) throw new Error(answer.failure)
      return answer
    },
  }
}

/** A request takes long compared with looking at the clock, and samples are short. */
const MULE_CHUNK_LENGTH = 20

function plainBigint(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}

/** Our client, one process with so many calls under way at a time. */
export async function startPipelinedClient(
  scope: Scope,
  callCount: number,
  keyCount: number,
): Promise<RemoteClient> {
  const script = new URL('./remote-child.js', import.meta.url)
  const args = [String(callCount), String(keyCount)]
  const child = await Child.start<RemoteTask, RemoteTiming>(scope, script, { args })
  return { measure: task => child.ask(task, ANSWER_LIMIT_MS) }
}
