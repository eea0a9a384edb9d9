/**
 * Tells which input a run hangs at: the thread that hangs could not say so itself.
 *
 * The input lies in memory that a second thread sees. When the process has worked on the same one
 * for too long, that thread prints it and ends the process.
 */

import { Worker } from 'node:worker_threads'

/** What of an input is told. */
const MAX_TOLD_SIZE = 64 * 1024

/** Words before the bytes of the input. */
export const COUNT = 0
export const SIZE = 1
export const HEAD_SIZE = 8

export interface Watched {
  readonly shared: SharedArrayBuffer
  /** What is run. */
  readonly label: string
  readonly hangCpuMs: number
}

export class Watchdog {
  readonly #words: Int32Array
  readonly #bytes: Uint8Array
  readonly #worker: Worker

  constructor(label: string, hangCpuMs: number) {
    const shared = new SharedArrayBuffer(HEAD_SIZE + MAX_TOLD_SIZE)
    this.#words = new Int32Array(shared, 0, HEAD_SIZE / 4)
    this.#bytes = new Uint8Array(shared, HEAD_SIZE)
    const watched: Watched = { shared, label, hangCpuMs }
    this.#worker = new Worker(new URL('./watchdog-thread.js', import.meta.url), {
      workerData: watched,
    })
    this.#worker.unref()
  }

  /** The next input is run. */
  begin(input: Uint8Array): void {
    const told = input.subarray(0, MAX_TOLD_SIZE)
    this.#bytes.set(told)
    this.#words[SIZE] = told.length
    Atomics.add(this.#words, COUNT, 1)
  }

  stop(): void {
    void this.#worker.terminate()
  }
}
