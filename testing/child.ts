/**
 * A second process for a test: a compiled script of this project that exchanges typed messages.
 *
 * The script's side is in child-side.ts. Messages wait in a queue until `next` takes them, so none
 * is lost between two calls.
 */

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { PATIENCE_MS, within } from './deadline.ts'
import { onEnd, type Scope } from './scope.ts'

/** How a process ended: by itself with a code, or by a signal. */
export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface ChildOptions {
  readonly args?: readonly string[]
  readonly execArgv?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** The program to run instead of this Node. */
  readonly execPath?: string
}

/** A running script that is sent `In` and answers with `Out`. */
export class Child<In, Out> {
  readonly pid: number
  /** Resolves when the process has ended and its output is complete. */
  readonly exit: Promise<Exit>
  readonly #process: ChildProcess
  readonly #queue: Out[] = []
  #wake: () => void = () => {}
  #stderr = ''

  private constructor(child: ChildProcess, pid: number) {
    this.#process = child
    this.pid = pid
    this.exit = once(child, 'close').then(([code, signal]) => {
      this.#wake()
      return { code, signal }
    })
    child.on('message', message => {
      this.#queue.push(message as Out)
      this.#wake()
    })
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text
    })
  }

  /**
   * Forks a script, given by a URL relative to the caller, and kills it when the scope ends:
   * `Child.start<In, Out>(t, new URL('./writer.js', import.meta.url))`.
   */
  static async start<In, Out>(
    scope: Scope,
    script: URL,
    options: ChildOptions = {},
  ): Promise<Child<In, Out>> {
    const { args = [], execArgv = [], env = {}, execPath = process.execPath } = options
    const forked = fork(fileURLToPath(script), args, {
      execPath,
      execArgv: [...execArgv],
      env: { ...process.env, ...env },
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    })
    await within(`${script} to start`, once(forked, 'spawn'))
    if (forked.pid === undefined) throw new Error(`${script} has no process id`)
    const child = new Child<In, Out>(forked, forked.pid)
    onEnd(scope, () => child.kill('SIGKILL'))
    return child
  }

  /** What the script has written to stderr so far. It is complete once `exit` has resolved. */
  get stderr(): string {
    return this.#stderr
  }

  send(message: In): void {
    // The callback ignores the error of a process that has died. `next` and `exit` report it.
    this.#process.send(message as object, () => {})
  }

  /**
   * @returns the next message, in the order sent
   * @throws Error with stderr if the process ends first
   */
  next(limitMs = PATIENCE_MS): Promise<Out> {
    return within(`a message from process ${this.pid}`, this.#arrival(), limitMs)
  }

  /** Sends a message and waits for the answer. */
  ask(message: In, limitMs = PATIENCE_MS): Promise<Out> {
    this.send(message)
    return this.next(limitMs)
  }

  /** Ends the process by a signal and waits for its end. */
  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<Exit> {
    this.#process.kill(signal)
    return within(`process ${this.pid} to end by ${signal}`, this.exit)
  }

  async #arrival(): Promise<Out> {
    for (;;) {
      const message = this.#queue.shift()
      if (message !== undefined) return message
      const arrived = new Promise<'arrived'>(resolve => {
        this.#wake = () => resolve('arrived')
      })
      const exit = await Promise.race([arrived, this.exit])
      if (exit !== 'arrived' && this.#queue.length === 0) throw this.#ended(exit)
    }
  }

  #ended(exit: Exit): Error {
    const how = exit.signal ?? `code ${exit.code}`
    return new Error(`process ${this.pid} ended (${how}) before it answered:\n${this.#stderr}`)
  }
}
