/**
 * Facts about other processes.
 */

import { readFileSync } from 'node:fs'

/**
 * @returns bytes in memory, shared ones included; undefined: the process is gone, or not on Linux
 */
export function residentSize(pid: number): number | undefined {
  try {
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(
      readFileSync(`/proc/${pid}/status`, 'latin1'),
    )?.[1]
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024
  } catch {
    return undefined
  }
}
