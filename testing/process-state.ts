/** The state of another process, as the system reports it. */

import { execFileSync } from 'node:child_process'

/** @returns whether a signal has stopped the process */
export function isStopped(pid: number): boolean {
  const state = execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' })
  return state.trim().startsWith('T')
}
