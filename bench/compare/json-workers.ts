/**
 * The two worker processes of a candidate that does not run in Node.
 */

import type { Scope } from '../../testing/scope.ts'
import { type MeasuringProgram, startJsonProcesses } from '../json-lines.ts'
import type { WorkerOptions, WorkerPair } from './worker-processes.ts'
import { chunksOf, keysOf, OBJECT_VALUE, OPERATIONS, STRING_VALUE } from './workload.ts'

/** Starts the program, sends the workload to both processes, and lets the first fill the cache. */
export async function startJsonWorkers(
  scope: Scope,
  program: MeasuringProgram,
  { location, keyCount }: WorkerOptions,
): Promise<WorkerPair> {
  const { name } = program
  const [first, second] = await startJsonProcesses(scope, program, location.dir, 2)
  if (first === undefined || second === undefined) throw new Error(`${name} has no processes`)
  const chunks = Object.fromEntries(
    OPERATIONS.map(operation => [operation, chunksOf(keysOf(operation, keyCount))]),
  )
  for (const worker of [first, second]) {
    worker.send({ chunks, string: STRING_VALUE, object: OBJECT_VALUE })
  }
  await first.ask({ kind: 'fill' })
  return { name, first, second }
}
