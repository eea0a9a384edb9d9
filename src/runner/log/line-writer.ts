/**
 * Lines on their way to the output of this process, many in each write: a write costs more than a
 * line, and the workers of an instance share one output.
 *
 * Node.js writes to files, pipes and terminals at once, so no line waits in a queue of a thread
 * while the process ends or the log file changes. A write of 64 kB takes some 20 us, and has more
 * than 300 lines.
 */

import { LineBuffer } from './line-buffer.ts'

/**
 * Largest write to a pipe. The kernel writes at most this much in one piece (PIPE_BUF), so lines of
 * several workers never mix.
 */
const PIPE_BATCH_SIZE = 4096

/** Largest write to a file, which takes each write whole. */
const FILE_BATCH_SIZE = 65_536

/** Longest time that a line waits. */
const FLUSH_MS = 100

/** Bytes that may wait for a slow reader of the output. Further lines are dropped and counted. */
const MAX_WAITING_SIZE = 1 << 20

/** The output: `process.stdout`, or a part of it. */
export interface LineOutput {
  /** Bytes that are not written yet. */
  readonly writableLength: number
  /** A file has taken the bytes when this returns. */
  write(bytes: Buffer): unknown
}

export class LineWriter {
  /** The next line goes here, and `endLine` ends it. */
  readonly line = new LineBuffer()
  readonly #output: LineOutput
  readonly #isFile: boolean
  readonly #batchSize: number
  /** Lines that have ended, and their bytes. */
  #lineCount = 0
  #endedSize = 0
  #timer: NodeJS.Timeout | undefined
  #droppedCount = 0

  constructor(output: LineOutput, isFile: boolean) {
    this.#output = output
    this.#isFile = isFile
    this.#batchSize = isFile ? FILE_BATCH_SIZE : PIPE_BATCH_SIZE
  }

  endLine(): void {
    const { line } = this
    line.endLine()
    if (line.size > this.#batchSize) this.#writeEnded()
    this.#lineCount++
    this.#endedSize = line.size
    this.#timer ??= setTimeout(() => this.flush(), FLUSH_MS).unref()
  }

  /** Writes what waits. Called at the end of the process as well. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#writeEnded()
  }

  #writeEnded(): void {
    if (this.#lineCount === 0) return
    this.#write(this.line.peek(this.#endedSize))
    this.line.remove(this.#endedSize)
    this.#lineCount = 0
    this.#endedSize = 0
  }

  #write(bytes: Buffer): void {
    if (this.#output.writableLength > MAX_WAITING_SIZE) {
      this.#droppedCount += this.#lineCount
      return
    }
    if (this.#droppedCount > 0) {
      const dropped = this.#droppedCount
      this.#droppedCount = 0
      this.#output.write(Buffer.from(`*** ${dropped} lines of the request log were dropped ***\n`))
    }
    // A copy of 64 kB costs more than its lines: its memory is new to the process each time.
    this.#output.write(this.#isFile ? bytes : Buffer.from(bytes))
  }
}
