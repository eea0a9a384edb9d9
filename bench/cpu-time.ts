/**
 * Processor time: of a piece of work in this process, and of other processes.
 */

import { readFileSync } from 'node:fs'

/** Length of one tick in /proc/PID/stat, which is the same for all programs on Linux: proc(5). */
const TICK_MS = 10

/** @returns the processor time that `work` took in this process, user and system together */
export function cpuMsOf(work: () => void): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

/**
 * @returns the processor time of all threads of a process so far, in steps of 10 ms; undefined
 *   where the system has no /proc or the process has ended
 */
export function processCpuMs(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // utime and stime, counted from behind the name of the program, which may contain spaces.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return (Number(fields[11]) + Number(fields[12])) * TICK_MS
  } catch {
    return undefined
  }
}
