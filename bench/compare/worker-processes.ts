/**
 * The two processes that measure one candidate, one at a time or both together.
 */

import { Child } from '../../testing/child.ts'
import type { Scope } from '../../testing/scope.ts'
import type { CacheLocation } from './candidate.ts'
import type { Request, Response, Task } from './messages.ts'
import type { Timing } from './timed-loop.ts'
import type { Operation } from './workload.ts'

/** One measuring process, written in any language. */
export interface Worker {
  ask(request: Request): Promise<Response>
}

export interface WorkerPair {
  readonly name: string
  readonly first: Worker
  readonly second: Worker
}

/** Long enough to fill the slowest candidate. */
const ANSWER_LIMIT_MS = 120_000

/** Time between the request and the start, so that both processes receive it in time. */
const LEAD_NS = 8_000_000n

/** What the processes of a candidate need. */
export interface WorkerOptions {
  readonly location: CacheLocation
  readonly keyCount: number
}

/** Starts both with the candidate module of that name. Each process fills a private cache. */
export async function startNodeWorkers(
  scope: Scope,
  name: string,
  isPrivate: boolean,
  { location, keyCount }: WorkerOptions,
): Promise<WorkerPair> {
  const start = async (): Promise<Worker> => {
    const args = [name, location.dir, location.socketPath, String(keyCount)]
    const script = new URL('./worker.js', import.meta.url)
    const child = await Child.start<Request, Response>(scope, script, { args })
    return { ask: request => child.ask(request, ANSWER_LIMIT_MS) }
  }
  // One after the other: the first process creates the cache that the second one joins.
  const first = await start()
  await first.ask({ kind: 'fill' })
  const second = await start()
  if (isPrivate) await second.ask({ kind: 'fill' })
  return { name, first, second }
}

/** Measures one operation in these workers, all starting at the same moment. */
export function measure(
  workers: readonly Worker[],
  { operation, durationMs }: Omit<Task, 'startAtNs'>,
): Promise<Timing[]> {
  return measureAtOnce(
    workers.map(worker => ({ worker, operation })),
    durationMs,
  )
}

/** The same, with an operation for each worker. */
export async function measureAtOnce(
  jobs: readonly { readonly worker: Worker; readonly operation: Operation }[],
  durationMs: number,
): Promise<Timing[]> {
  for (const { worker, operation } of jobs) await worker.ask({ kind: 'warm', operation })
  const startAtNs = process.hrtime.bigint() + LEAD_NS
  const responses = jobs.map(({ worker, operation }) =>
    worker.ask({ kind: 'measure', task: { operation, startAtNs, durationMs } }),
  )
  return (await Promise.all(responses)).map(timingIn)
}

function timingIn(response: Response): Timing {
  if (response.kind !== 'timing') throw new Error(`expected a timing, got ${response.kind}`)
  return response.timing
}
