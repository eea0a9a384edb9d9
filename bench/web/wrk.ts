/**
 * One stretch of load by wrk, and the processor time that the server took for it.
 */

import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'

const CONNECTIONS = 32
const TICKS_A_SECOND = 100 // of /proc/PID/stat: proc(5), on Linux for all programs

/** For those who read the figures. */
export const LOAD = `wrk, 1 thread, ${CONNECTIONS} connections`

const run = promisify(execFile)

export interface Sample {
  readonly perSecond: number
  /** Microseconds of processor time for a request, in all processes of the server. */
  readonly cpuUs: number
}

export interface Target {
  readonly port: number
  /** The server's first process; its children count as well. */
  readonly pid: number
}

/** Fails if an answer has another status than 200. */
export async function load(
  command: string,
  { port, pid }: Target,
  seconds: number,
): Promise<Sample> {
  const args = ['-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, `http://127.0.0.1:${port}/`]
  const before = cpuSeconds(pid)
  const { stdout } = await run(command, args)
  const used = cpuSeconds(pid) - before
  const count = Number(/(\d+) requests in/.exec(stdout)?.[1])
  const perSecond = Number(/Requests\/sec: +([\d.]+)/.exec(stdout)?.[1])
  if (!(count > 0) || stdout.includes('Non-2xx')) throw new Error(`wrk says:\n${stdout}`)
  return { perSecond, cpuUs: (used / count) * 1e6 }
}

/** Of user and system together. */
function cpuSeconds(pid: number): number {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1')
  const pids = [pid, ...(children.match(/\d+/g) ?? []).map(Number)]
  return pids.reduce((sum, each) => sum + ownCpuSeconds(each), 0)
}

function ownCpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND
}
