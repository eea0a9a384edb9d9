/**
 * The processes that measure one candidate: two, so that they can also be measured together.
 */

import { Child } from '../test/support/child.ts'
import type { Scope } from '../test/support/scope.ts'
import type { Site } from './candidate.ts'
import type { Request, Response, Task } from './messages.ts'
import type { Timing } from './timed-loop.ts'

/** One measuring process, whatever it is written in. */
export interface Worker {
  ask(request: Request): Promise<Response>
}

export interface Party {
  readonly name: string
  readonly first: Worker
  readonly second: Worker
}

/** Long enough to fill the slowest candidate. */
const ANSWER_LIMIT_MS = 120_000

/** Between the order and the start, so that both processes have it in time. */
const LEAD_NS = 8_000_000n

/** Of a sample's time, spent before it. A start comes after twice that, should it take longer. */
const WARM_UP_PART = 1 / 4

/** What the processes of a candidate need to know. */
export interface PartyOptions {
  readonly site: Site
  readonly keyCount: number
}

/** Starts both on the candidate module of that name; a private cache is filled by each of them. */
export async function startNodeParty(
  scope: Scope,
  name: string,
  isPrivate: boolean,
  { site, keyCount }: PartyOptions,
): Promise<Party> {
  const start = async (): Promise<Worker> => {
    const args = [name, site.dir, site.socketPath, String(keyCount)]
    const script = new URL('./worker.js', import.meta.url)
    const child = await Child.start<Request, Response>(scope, script, { args })
    return { ask: request => child.ask(request, ANSWER_LIMIT_MS) }
  }
  // One after the other: the first makes what the second joins.
  const first = await start()
  await first.ask({ kind: 'fill' })
  const second = await start()
  if (isPrivate) await second.ask({ kind: 'fill' })
  return { name, first, second }
}

/** What each of these workers did, all having started at one moment. */
export async function measure(
  workers: readonly Worker[],
  task: Pick<Task, 'operation' | 'durationMs'>,
): Promise<Timing[]> {
  const warmUpMs = Math.ceil(task.durationMs * WARM_UP_PART)
  const startAtNs = process.hrtime.bigint() + LEAD_NS + BigInt(2 * warmUpMs) * 1_000_000n
  const request: Request = { kind: 'measure', task: { ...task, warmUpMs, startAtNs } }
  const responses = await Promise.all(workers.map(worker => worker.ask(request)))
  return responses.map(timingIn)
}

function timingIn(response: Response): Timing {
  if (response.kind !== 'timing') throw new Error(`expected a timing, got ${response.kind}`)
  return response.timing
}
