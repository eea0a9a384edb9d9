/**
 * The loops whose time is measured.
 *
 * Each operation gets a loop compiled for it alone: a loop shared by several operations would be
 * optimized for none of them, and the price of that would count as theirs.
 */

import type { Subject } from './candidate.ts'

export interface Timing {
  readonly callCount: number
  readonly elapsedMs: number
  /** Processor time of the whole process: other programs on the machine do not count. */
  readonly cpuMs: number
}

/** Goes through the chunks again and again until the time is over; at least one chunk. */
export type TimedLoop = (durationMs: number) => Timing | Promise<Timing>

type Operation = (key: string) => unknown

const LOOP = `
  let callCount = 0
  let last
  const startedCpuMs = cpu()
  const startedMs = now()
  const endMs = startedMs + durationMs
  for (;;) {
    for (const chunk of chunks) {
      for (let i = 0; i < chunk.length; i++) last = AWAIT operation(chunk[i])
      callCount += chunk.length
      const nowMs = now()
      if (nowMs >= endMs) {
        return { callCount, elapsedMs: nowMs - startedMs, cpuMs: cpu() - startedCpuMs, last }
      }
    }
  }`

/** Compiles the loop from text, because one function would share what V8 learns about it. */
export function timedLoop(
  calls: Subject['calls'],
  operation: Operation,
  chunks: readonly (readonly string[])[],
): TimedLoop {
  const body =
    calls === 'async'
      ? `return async function loop(durationMs) {${LOOP.replace('AWAIT', 'await')}}`
      : `return function loop(durationMs) {${LOOP.replace('AWAIT', '')}}`
  const compile = new Function('operation', 'chunks', 'now', 'cpu', body)
  return compile(operation, chunks, () => performance.now(), cpuMs)
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
