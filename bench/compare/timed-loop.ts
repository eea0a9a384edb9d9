/**
 * The loops that are timed.
 *
 * Each operation gets a loop that is compiled for it alone. V8 would optimize a shared loop for
 * none of its operations, and the cost would count as theirs.
 */

import type { Subject } from './candidate.ts'

export interface Timing {
  readonly callCount: number
  readonly elapsedMs: number
  /** Processor time of the whole process, which excludes other programs on the machine. */
  readonly cpuMs: number
}

/** Processes at least one chunk, and repeats all chunks until the time is over. */
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

/** Compiles the loop from source, since V8 shares type feedback between calls of one function. */
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
