/**
 * Starting and killing one storm worker, which is a process, a thread, or a process of Python.
 */

import { type ChildProcess, fork, spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import type { SegmentFile } from '../../src/base/index.ts'
import { within } from '../../testing/deadline.ts'
import { ROOT } from '../../testing/root.ts'
import { KEY_COUNT } from './operation-log.ts'
import type { WorkerReply, WorkerRequest, WorkerTask } from './worker.ts'

/** A worker of kind `python` only reads: it takes no messages, and knows no steps. */
export type WorkerKind = 'process' | 'thread' | 'python'

/** What a worker of kind `python` needs in addition to its task. */
export interface PythonReader {
  readonly command: string
  readonly file: SegmentFile
}

const SCRIPT = new URL('./worker.js', import.meta.url)
const PYTHON_SCRIPT = join(ROOT, 'verification/storm/python_reader.py')
const OUTPUT_LIMIT = 4000

/** A worker that has been started and not yet killed. */
export interface RunningWorker {
  /** What the process wrote to stderr, or the error of the thread. */
  readonly output: () => string
  send(message: WorkerRequest): void
  kill(): Promise<void>
  /** @returns the next message, or undefined if the worker ends first */
  next(): Promise<WorkerReply | undefined>
}

export async function startWorker(
  kind: WorkerKind,
  task: WorkerTask,
  python: PythonReader | undefined,
): Promise<RunningWorker> {
  const worker =
    kind === 'python' && python !== undefined
      ? startPython(task, python)
      : kind === 'process'
        ? startProcess(task)
        : startThread(task)
  const first = await within(`${task.name} to begin`, worker.next())
  if (first?.kind !== 'ready') throw new Error(`${task.name} did not begin: ${worker.output()}`)
  return worker
}

function startProcess(task: WorkerTask): RunningWorker {
  const child: ChildProcess = fork(fileURLToPath(SCRIPT), [], {
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
  })
  let output = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    output = (output + text).slice(-OUTPUT_LIMIT)
  })
  const gone = new Promise<void>(resolve => child.once('close', () => resolve()))
  const queue = new MessageQueue(gone)
  child.on('message', message => queue.add(message as WorkerReply))
  child.on('error', () => {}) // a message to a process that has just ended
  child.send(task)
  return {
    output: () => output,
    send: message => child.send(message, () => {}),
    async kill() {
      child.kill('SIGKILL')
      await gone
    },
    next: () => queue.next(),
  }
}

function startPython(task: WorkerTask, { command, file }: PythonReader): RunningWorker {
  const child = spawn(command, [PYTHON_SCRIPT], { stdio: ['pipe', 'pipe', 'pipe'] })
  let output = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output = (output + text).slice(-OUTPUT_LIMIT)
  })
  const gone = new Promise<void>(resolve => child.once('close', () => resolve()))
  const queue = new MessageQueue(gone)
  createInterface({ input: child.stdout }).on('line', () => queue.add({ kind: 'ready' }))
  child.stdin.on('error', () => {}) // it has just ended
  const { logPath, seed, names } = task
  child.stdin.write(`${JSON.stringify({ ...file, logPath, seed, names, keyCount: KEY_COUNT })}\n`)
  return {
    output: () => output,
    send() {},
    async kill() {
      child.kill('SIGKILL')
      await gone
    },
    next: () => queue.next(),
  }
}

function startThread(task: WorkerTask): RunningWorker {
  const worker = new Worker(SCRIPT, { workerData: task })
  let output = ''
  worker.on('error', error => {
    output = String(error.stack ?? error)
  })
  const gone = new Promise<void>(resolve => worker.once('exit', () => resolve()))
  const queue = new MessageQueue(gone)
  worker.on('message', message => queue.add(message as WorkerReply))
  return {
    output: () => output,
    send: message => worker.postMessage(message),
    async kill() {
      await worker.terminate()
      await gone
    },
    next: () => queue.next(),
  }
}

/** Messages in the order of their arrival, until the sender has ended. */
class MessageQueue {
  readonly #queue: WorkerReply[] = []
  #wake = () => {}
  #isOver = false

  constructor(over: Promise<void>) {
    void over.then(() => {
      this.#isOver = true
      this.#wake()
    })
  }

  add(message: WorkerReply): void {
    this.#queue.push(message)
    this.#wake()
  }

  async next(): Promise<WorkerReply | undefined> {
    while (this.#queue.length === 0 && !this.#isOver) {
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    }
    return this.#queue.shift()
  }
}
