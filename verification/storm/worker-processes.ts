/**
 * One actor as the storm sees it: a process or a thread, started again after each death.
 */

import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { within } from '../../testing/deadline.ts'
import type { ActorReply, ActorRequest, ActorTask } from './actor.ts'

export type Kind = 'process' | 'thread'

const SCRIPT = new URL('./actor.js', import.meta.url)
const OUTPUT_LIMIT = 4000

/** One life of an actor. */
export interface Life {
  readonly pid: number | undefined
  /** What it wrote to stderr; of a thread, its error. */
  readonly output: () => string
  send(message: ActorRequest): void
  /** Resolves when nothing of it is left. */
  readonly gone: Promise<void>
  kill(): Promise<void>
  /** The next message; undefined when it is gone first. */
  next(): Promise<ActorReply | undefined>
}

export async function startLife(kind: Kind, task: ActorTask): Promise<Life> {
  const life = kind === 'process' ? startProcess(task) : startThread(task)
  const first = await within(`${task.name} to begin`, life.next())
  if (first?.kind !== 'ready') throw new Error(`${task.name} did not begin: ${life.output()}`)
  return life
}

function startProcess(task: ActorTask): Life {
  const child: ChildProcess = fork(fileURLToPath(SCRIPT), [], {
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
  })
  let output = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    output = (output + text).slice(-OUTPUT_LIMIT)
  })
  const gone = new Promise<void>(resolve => child.once('close', () => resolve()))
  const mail = new Mail(gone)
  child.on('message', message => mail.add(message as ActorReply))
  child.on('error', () => {}) // of a message to a process that is just gone
  child.send(task)
  return {
    pid: child.pid,
    output: () => output,
    send: message => child.send(message, () => {}),
    gone,
    async kill() {
      child.kill('SIGKILL')
      await gone
    },
    next: () => mail.next(),
  }
}

function startThread(task: ActorTask): Life {
  const worker = new Worker(SCRIPT, { workerData: task })
  let output = ''
  worker.on('error', error => {
    output = String(error.stack ?? error)
  })
  const gone = new Promise<void>(resolve => worker.once('exit', () => resolve()))
  const mail = new Mail(gone)
  worker.on('message', message => mail.add(message as ActorReply))
  return {
    pid: undefined,
    output: () => output,
    send: message => worker.postMessage(message),
    gone,
    async kill() {
      await worker.terminate()
      await gone
    },
    next: () => mail.next(),
  }
}

/** Messages in the order they came, until nobody is left to send any. */
class Mail {
  readonly #queue: ActorReply[] = []
  #wake = () => {}
  #isOver = false

  constructor(over: Promise<void>) {
    void over.then(() => {
      this.#isOver = true
      this.#wake()
    })
  }

  add(message: ActorReply): void {
    this.#queue.push(message)
    this.#wake()
  }

  async next(): Promise<ActorReply | undefined> {
    while (this.#queue.length === 0 && !this.#isOver) {
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    }
    return this.#queue.shift()
  }
}
