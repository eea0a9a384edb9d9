/**
 * Load from wrk for some seconds, and the processor time that the server used for it.
 */

import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { processCpuMs } from '../cpu-time.ts'

const CONNECTIONS = 32

/** The load, for readers of the figures. */
export const LOAD = `wrk, 1 thread, ${CONNECTIONS} connections`

const run = promisify(execFile)

export interface Sample {
  readonly perSecond: number
  /** Microseconds of processor time per request, in all processes of the server. */
  readonly cpuUs: number
}

export interface Target {
  readonly port: number
  /** The server's first process; its children count as well. */
  readonly pid: number
}

/** @throws Error if an answer has another status than 200 */
export async function load(
  command: string,
  { port, pid }: Target,
  seconds: number,
): Promise<Sample> {
  const language = ['-H', 'Accept-Language: de']
  const args = [
    ...language,
    '-t1',
    `-c${CONNECTIONS}`,
    `-d${seconds}s`,
    `http://127.0.0.1:${port}/`,
  ]
  const beforeMs = treeCpuMs(pid)
  const { stdout } = await run(command, args)
  const usedMs = treeCpuMs(pid) - beforeMs
  const count = Number(/(\d+) requests in/.exec(stdout)?.[1])
  const perSecond = Number(/Requests\/sec: +([\d.]+)/.exec(stdout)?.[1])
  if (!(count > 0) || stdout.includes('Non-2xx')) throw new Error(`wrk says:\n${stdout}`)
  return { perSecond, cpuUs: (usedMs * 1000) / count }
}

/** Processor time of a process and its children, in milliseconds. */
function treeCpuMs(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1')
  const pids = [pid, ...(children.match(/\d+/g) ?? []).map(Number)]
  return pids.reduce((sum, each) => sum + (processCpuMs(each) ?? Number.NaN), 0)
}
