/**
 * The client processes of the remote benchmark.
 */

import { join } from 'node:path'
import { Child } from '../../testing/child.ts'
import { ROOT } from '../../testing/root.ts'
import type { Scope } from '../../testing/scope.ts'
import { tempDir } from '../../testing/temp-dir.ts'
import type { Timing } from '../compare/timed-loop.ts'
import { chunksOf, keysOf, STRING_VALUE } from '../compare/workload.ts'
import { type JsonLines, startJsonProcesses } from '../json-lines.ts'

export const REMOTE_OPERATIONS = ['get', 'set'] as const

export type RemoteOperation = (typeof REMOTE_OPERATIONS)[number]

/** One sample of one client process. */
export interface RemoteTask {
  readonly operation: RemoteOperation
  /** The cache, as `bench@address`. */
  readonly server: string
  readonly startAtNs: bigint
  readonly durationMs: number
}

/** Without the client's processor time. The benchmark looks at that of the server. */
export type RemoteTiming = Pick<Timing, 'callCount' | 'elapsedMs'>

export interface RemoteClient {
  measure(task: RemoteTask): Promise<RemoteTiming>
}

const SCRIPT = join(ROOT, 'bench/remote/remote.py')

/** Long enough for a sample on a slow machine. */
const ANSWER_LIMIT_MS = 60_000

/** @returns the keys that every client uses, in order */
export function remoteKeys(keyCount: number): string[] {
  return keysOf('get string', keyCount)
}

/** Starts uWSGI's own client, in the mules of a uWSGI that serves nothing. */
export async function startUwsgiClients(
  scope: Scope,
  command: string,
  count: number,
  keyCount: number,
): Promise<RemoteClient[]> {
  const dir = tempDir(scope)
  const socket = ['--socket', join(dir, 'unused.sock')]
  const mules = Array.from({ length: count }, () => `--mule=${SCRIPT}`)
  const args = ['--master', '--die-on-term', '--disable-logging', ...socket, ...mules]
  const processes = await startJsonProcesses(scope, { name: 'uwsgi', command, args }, dir, count)
  return processes.map(process => scriptClient(process, keyCount))
}

/**
 * Starts one process of Python with the module `uwsgi` of this package, which runs the same script.
 *
 * @param readsMemory - Whether gets read the shared memory of the cache, or ask the server as well.
 */
export async function startPythonClient(
  scope: Scope,
  command: string,
  cache: string,
  readsMemory: boolean,
  keyCount: number,
): Promise<RemoteClient> {
  const env = {
    PYTHONPATH: join(ROOT, 'python/src'),
    PYTHONDONTWRITEBYTECODE: '1',
    UNDERCROFT_UWSGI: cache,
    UNDERCROFT_SHARED_MEMORY: readsMemory ? '1' : '0',
  }
  const program = { name: 'python', command, args: [SCRIPT], env }
  const [process] = await startJsonProcesses(scope, program, tempDir(scope), 1)
  if (process === undefined) throw new Error('Python did not connect')
  return scriptClient(process, keyCount)
}

/** The script makes this many requests between two looks at the clock: a request takes long. */
const CHUNK_LENGTH = 20

/** Sends the workload, then one line for each task. */
function scriptClient(lines: JsonLines, keyCount: number): RemoteClient {
  lines.send({ chunks: chunksOf(remoteKeys(keyCount), CHUNK_LENGTH), value: STRING_VALUE })
  return {
    async measure(task) {
      const answer = await lines.ask<RemoteTiming | { readonly failure: string }>(task)
      if ('failure' in answer) throw new Error(answer.failure)
      return answer
    },
  }
}

/** Starts one process with a `RemoteCache` that has `callCount` calls under way at once. */
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
