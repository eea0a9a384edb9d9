/**
 * Another program for a test, such as a real nginx. Its output is kept, and the program is stopped
 * by its process id when the scope ends.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { PATIENCE_MS, stretched, until, within } from './deadline.ts'
import { onEnd, type Scope } from './scope.ts'

const STOP_MS = 5_000
const LAST_WORDS_SIZE = 2000

/** An address as `node:net` takes it. */
export type Address = { readonly port: number; readonly host: string } | { readonly path: string }

export interface Service {
  readonly pid: number
  /** What the program has written to stdout and stderr so far. */
  output(): string
  /** Waits for the exit code, which is null if a signal ended the program. */
  exit(limitMs?: number): Promise<number | null>
  /** Waits until `found` finds something in the output. Rejects if the program ends first. */
  waitFor<T>(
    what: string,
    found: (output: string) => Promise<T | undefined> | T | undefined,
  ): Promise<T>
  /** Sends SIGTERM, and SIGKILL if the program does not end in time. */
  stop(): Promise<void>
}

export interface ServiceOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** Only root can start a program as another user. */
  readonly uid?: number
  readonly gid?: number
}

/** Starts a program. Rejects if that fails. */
export async function startService(
  scope: Scope,
  command: string,
  args: readonly string[],
  options: ServiceOptions = {},
): Promise<Service> {
  const { cwd, uid, gid } = options
  const child = spawn(command, args, {
    cwd,
    uid,
    gid,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const service = serviceOf(child, command)
  await within(`${command} to start`, once(child, 'spawn'))
  onEnd(scope, () => service.stop())
  return service
}

function serviceOf(child: ChildProcess, command: string): Service {
  let output = ''
  let over = false
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  const closed = new Promise<number | null>(resolve => {
    child.once('close', code => {
      over = true
      resolve(code)
    })
  })
  return {
    pid: child.pid ?? 0,
    output: () => output,
    exit: (limitMs = PATIENCE_MS) => within(`${command} to end:\n${output}`, closed, limitMs),
    waitFor: async (what, found) => {
      const ask = async () => {
        const answer = await found(output)
        if (answer === undefined && over) throw new Error(`${command} ended:\n${output}`)
        return answer
      }
      try {
        return await until(`${command} ${what}`, ask)
      } catch (error) {
        if (over) throw error
        throw new Error(`${error}; its last words:\n${output.slice(-LAST_WORDS_SIZE)}`)
      }
    },
    stop: async () => {
      if (over) return
      child.kill('SIGTERM')
      const killer = setTimeout(() => child.kill('SIGKILL'), stretched(STOP_MS))
      await within(`${command} to stop`, closed)
      clearTimeout(killer)
    },
  }
}

/** @returns true if a program accepts connections at the address; otherwise undefined */
export function isListening(address: Address): Promise<true | undefined> {
  return new Promise(resolve => {
    const socket = connect(address)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(undefined))
  })
}
