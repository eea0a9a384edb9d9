/**
 * One process of a worker, as the master sees it: from its start to its end.
 */

import cluster, { type Worker } from 'node:cluster'
import { fileURLToPath } from 'node:url'
import { ERROR_CODES, UndercroftError } from '../../base/index.ts'
import { type Order, unwrapNotice, type WorkerTask, wrapMessage } from '../messages.ts'
import type { ListeningSocket } from '../sockets/listening-sockets.ts'
import { SCOREBOARD_DESCRIPTOR, type Scoreboard } from './scoreboard.ts'

/** Time that a worker has to load its application. */
const START_LIMIT_MS = 120_000

/** Time that a worker gets in addition to the drain's limit, to report its end. */
const LAST_WORDS_MS = 1_000

/** How a process ended; both null: it could not be started. */
export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** What the processes of all workers share. */
export interface ProcessContext {
  readonly scoreboard: Scoreboard
  readonly sockets: readonly ListeningSocket[]
  /** Variables in addition to the master's own. */
  readonly environment: Readonly<Record<string, string>>
  readonly task: Omit<WorkerTask, 'workerId' | 'entryIndex' | 'sockets'>
}

/** Call it before the first process starts: all processes run the same file. */
export function prepareProcesses(scoreboard: Scoreboard): void {
  // Each worker accepts connections itself: handing over a connection cost the master 65 to 115 us
  // of processor time, more than a request on a kept connection costs its worker.
  cluster.schedulingPolicy = cluster.SCHED_NONE
  const stdio: NonNullable<typeof cluster.settings.stdio> = ['ignore', 'inherit', 'inherit', 'ipc']
  stdio[SCOREBOARD_DESCRIPTOR] = scoreboard.fileDescriptor
  cluster.setupPrimary({
    exec: fileURLToPath(new URL('../worker-main.js', import.meta.url)),
    args: [],
    stdio,
  })
}

export class WorkerProcess {
  readonly entryIndex: number
  /** Resolves when the process serves; rejects with the reason when it ends before that. */
  readonly ready: Promise<void>
  readonly exit: Promise<Exit>
  /** Set once the process serves. */
  loadMs: number | undefined
  isDraining = false
  /** Called when the process has started as many requests as max-requests allows. */
  onDone: () => void = () => {}
  /** The reason why the process does not serve. */
  failure: UndercroftError | undefined
  readonly #worker: Worker

  constructor(workerId: number, entryIndex: number, context: ProcessContext) {
    this.entryIndex = entryIndex
    context.scoreboard.clear(entryIndex)
    this.#worker = cluster.fork(context.environment)
    const sockets = this.#giveSockets(context.sockets)
    this.exit = this.#watchExit()
    void this.exit.then(() => context.scoreboard.markEnded(entryIndex))
    this.ready = this.#watchStart({ ...context.task, workerId, entryIndex, sockets })
    this.ready.catch(() => {}) // each waiter handles it
  }

  /** 0: the process could not be started. */
  get pid(): number {
    return this.#worker.process.pid ?? 0
  }

  /** Lets the process finish its requests, at most until the limit. Resolves when it has ended. */
  async drain(limitMs: number): Promise<Exit> {
    this.isDraining = true
    if (this.loadMs === undefined) this.kill()
    else this.#send({ kind: 'drain' })
    return this.#killAfter(limitMs + LAST_WORDS_MS)
  }

  /** Ends the process at once. Resolves when it has ended. */
  async stop(): Promise<Exit> {
    this.isDraining = true
    this.#send({ kind: 'stop' })
    return this.#killAfter(LAST_WORDS_MS)
  }

  /** Orders the process to end the requests that take too long. */
  giveUp(): void {
    this.#send({ kind: 'give-up' })
  }

  /** Orders the process to open its log file again. */
  reopenLog(): void {
    this.#send({ kind: 'reopen-log' })
  }

  kill(): void {
    this.#worker.process.kill('SIGKILL')
  }

  async #killAfter(limitMs: number): Promise<Exit> {
    const timer = setTimeout(() => this.kill(), limitMs)
    const exit = await this.exit
    clearTimeout(timer)
    return exit
  }

  #send(order: Order): void {
    // The callback receives the error of a process that is ending; `exit` reports that end.
    if (this.#worker.isConnected()) this.#worker.process.send(wrapMessage(order), () => {})
  }

  #watchExit(): Promise<Exit> {
    return new Promise(resolve => {
      this.#worker.process.once('exit', (code, signal) => resolve({ code, signal }))
      this.#worker.on('error', () => {
        if (this.pid === 0) resolve({ code: null, signal: null })
      })
    })
  }

  #watchStart(task: WorkerTask): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.failure = workerFailed(`was not ready after ${START_LIMIT_MS / 1000} seconds`)
        this.kill()
      }, START_LIMIT_MS)
      this.#worker.on('message', message => {
        const notice = unwrapNotice(message)
        if (notice?.kind === 'hello') this.#send({ kind: 'start', task })
        else if (notice?.kind === 'failed') this.failure = workerFailed(notice.message, notice.code)
        else if (notice?.kind === 'done') this.onDone()
        else if (notice?.kind === 'ready') {
          clearTimeout(timer)
          this.loadMs = notice.loadMs
          resolve()
        }
      })
      void this.exit.then(exit => {
        clearTimeout(timer)
        reject(this.failure ?? workerFailed(`${formatExit(exit)} before it was ready`))
      })
    })
  }

  /**
   * Duplicates each socket for this process. If the process ends before it listens, the duplicates
   * are closed.
   */
  #giveSockets(sockets: readonly ListeningSocket[]): WorkerTask['sockets'] {
    const given = sockets.map(socket => ({ socket, fileDescriptor: socket.duplicate() }))
    // Right after `node:cluster` has closed the descriptors it took over, and before their numbers
    // are used again.
    this.#worker.once('disconnect', () => {
      if (this.loadMs !== undefined) return
      for (const { socket, fileDescriptor } of given) socket.closeUnused(fileDescriptor)
    })
    return given.map(({ socket, fileDescriptor }) => ({
      protocol: socket.protocol,
      tls: socket.tls,
      redirect: socket.redirect,
      address: socket.file?.path ?? socket.addressText,
      access: socket.access,
      fileDescriptor,
    }))
  }
}

/** Uses the code of the error that ended the worker, if it is a code of this package. */
function workerFailed(message: string, code?: string): UndercroftError {
  const known = ERROR_CODES.find(candidate => candidate === code)
  return new UndercroftError(known ?? 'UNDERCROFT_WORKER_FAILED', message)
}

/** Describes how a process ended, to follow `worker 1 (pid: 7)`. */
export function formatExit({ code, signal }: Exit): string {
  if (signal !== null) return `died, killed by ${signal}`
  return code === null ? 'could not be started' : `died (exit code ${code})`
}
