/** What the system says of another process. */

import { execFileSync } from 'node:child_process'

/** Whether a signal has stopped it. */
export function isStopped(pid: number): boolean {
  const state = execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' })
  return state.trim().startsWith('T')
}
