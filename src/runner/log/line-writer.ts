/**
 * Lines on their way to the output of this process, many in each write: a write costs more than a
 * line, and the workers of an instance share one output.
 */

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
  write(text: string, encoding: 'latin1'): unknown
}

export class LineWriter {
  readonly #output: LineOutput
  readonly #batchSize: number
  #text = ''
  #timer: NodeJS.Timeout | undefined
  #droppedCount = 0

  constructor(output: LineOutput, isFile: boolean) {
    this.#output = output
    this.#batchSize = isFile ? FILE_BATCH_SIZE : PIPE_BATCH_SIZE
  }

  /** Takes a line without its end, in latin1. */
  add(line: string): void {
    if (this.#text.length + line.length >= this.#batchSize) this.flush()
    this.#text += `${line}\n`
    this.#timer ??= setTimeout(() => this.flush(), FLUSH_MS).unref()
  }

  /** Writes what waits. Called at the end of the process as well. */
  flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const text = this.#text
    this.#text = ''
    if (text === '') return
    if (this.#output.writableLength > MAX_WAITING_SIZE) {
      this.#droppedCount += text.split('\n').length - 1
      return
    }
    if (this.#droppedCount > 0) {
      const count = this.#droppedCount
      this.#droppedCount = 0
      this.#output.write(`*** ${count} lines of the request log were dropped ***\n`, 'latin1')
    }
    this.#output.write(text, 'latin1')
  }
}
