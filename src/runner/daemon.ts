/**
 * `daemonize` and `daemonize2`: the same command again, as a process without a terminal whose
 * output goes to a file. Node.js cannot fork, so the first process starts the second and ends.
 */

import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { UndercroftError } from '../base/index.ts'

/** How to become a daemon. */
export interface PlannedDaemon {
  /** Where all output goes. */
  readonly file: string
  /** Whether the command waits until everything serves: `daemonize2`. */
  readonly waits: boolean
}

/** The second process finds it in its environment. */
const DAEMON_VARIABLE = 'UNDERCROFT_DAEMON'

const isSecondProcess = process.env[DAEMON_VARIABLE] !== undefined
delete process.env[DAEMON_VARIABLE] // it is not about the processes that this one starts

/** Returns whether this process is the daemon already. */
export function isDaemon(): boolean {
  return isSecondProcess
}

/**
 * Starts the daemon with the arguments of this process.
 * @returns its exit code if it ended before everything served; 0 otherwise
 */
export async function startDaemon({ file, waits }: PlannedDaemon): Promise<number> {
  const output = openOutput(file)
  const child = spawn(process.execPath, [...process.execArgv, ...process.argv.slice(1)], {
    detached: true,
    stdio: ['ignore', output, output, 'ipc'],
    env: { ...process.env, [DAEMON_VARIABLE]: '1' },
  })
  closeSync(output)
  return await new Promise((resolve, reject) => {
    const finish = (code: number) => {
      child.unref()
      if (child.connected) child.disconnect()
      resolve(code)
    }
    child.once('error', error => reject(daemonFailed(error)))
    child.once('exit', code => finish(code ?? 1))
    if (waits) child.once('message', () => finish(0))
    else child.once('spawn', () => finish(0))
  })
}

/** Called by the daemon once everything serves. */
export function reportServing(): void {
  if (!isDaemon() || !process.connected) return
  // The first process may have ended: `daemonize` does not wait.
  process.send?.('serving', () => process.disconnect())
}

function openOutput(file: string): number {
  try {
    return openSync(file, 'a', 0o640)
  } catch (error) {
    throw daemonFailed(error)
  }
}

function daemonFailed(error: unknown): UndercroftError {
  const reason = error instanceof Error ? error.message : String(error)
  return new UndercroftError('UNDERCROFT_SYSTEM', `cannot daemonize: ${reason}`, { cause: error })
}
