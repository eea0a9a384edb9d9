/**
 * Reports the input at which a target hangs, because the hanging thread cannot.
 *
 * The input lies in memory that a second thread shares. When the process has worked on one input
 * for too long, that thread prints the input and ends the process.
 */

import { Worker } from 'node:worker_threads'

/** At most this much of an input is printed. */
const MAX_SHOWN_SIZE = 64 * 1024

/** Words before the bytes of the input. */
export const COUNT = 0
export const SIZE = 1
export const HEAD_SIZE = 8

export interface Watched {
  readonly shared: SharedArrayBuffer
  /** Target and seed, for the message. */
  readonly label: string
  readonly hangCpuMs: number
}

export class Watchdog {
  readonly #words: Int32Array
  readonly #bytes: Uint8Array
  readonly #worker: Worker

  constructor(label: string, hangCpuMs: number) {
    const shared = new SharedArrayBuffer(HEAD_SIZE + MAX_SHOWN_SIZE)
    this.#words = new Int32Array(shared, 0, HEAD_SIZE / 4)
    this.#bytes = new Uint8Array(shared, HEAD_SIZE)
    const watched: Watched = { shared, label, hangCpuMs }
    this.#worker = new Worker(new URL('./watchdog-thread.js', import.meta.url), {
      workerData: watched,
    })
    this.#worker.unref()
  }

  /** Starts to watch the next input. */
  begin(input: Uint8Array): void {
    const shown = input.subarray(0, MAX_SHOWN_SIZE)
    this.#bytes.set(shown)
    this.#words[SIZE] = shown.length
    Atomics.add(this.#words, COUNT, 1)
  }

  stop(): void {
    void this.#worker.terminate()
  }
}
