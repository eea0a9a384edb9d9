/**
 * Reads lines and blocks of bytes from a stream of chunks.
 */

import { dumpCutShort, dumpInvalid } from './format.ts'

export type ByteChunks = AsyncIterable<Uint8Array> | Iterable<Uint8Array>

export class ByteReader {
  readonly #chunks: AsyncIterator<Uint8Array> | Iterator<Uint8Array>
  #rest: Buffer = Buffer.alloc(0)
  /** Bytes that the stream has given so far. */
  size = 0

  constructor(chunks: ByteChunks) {
    this.#chunks =
      Symbol.asyncIterator in chunks ? chunks[Symbol.asyncIterator]() : chunks[Symbol.iterator]()
  }

  /**
   * @returns the next line without its end
   * @throws UndercroftError - UNDERCROFT_TRUNCATED if the stream ends first,
   * UNDERCROFT_DUMP_INVALID for a line of more than `limit` bytes
   */
  async line(limit: number): Promise<Buffer> {
    const parts: Buffer[] = []
    let size = 0
    for (;;) {
      const end = this.#rest.indexOf(0x0a)
      size += end === -1 ? this.#rest.length : end
      if (size > limit) throw dumpInvalid(`a line of the dump exceeds ${limit} bytes`)
      if (end !== -1) {
        parts.push(this.#take(end))
        this.#take(1)
        return join(parts)
      }
      parts.push(this.#take(this.#rest.length))
      if (!(await this.#fill())) throw dumpCutShort()
    }
  }

  /**
   * @returns the next bytes, exactly so many
   * @throws UndercroftError - UNDERCROFT_TRUNCATED if the stream ends first
   */
  async bytes(count: number): Promise<Buffer> {
    const parts: Buffer[] = []
    let missing = count
    for (;;) {
      const part = this.#take(Math.min(missing, this.#rest.length))
      parts.push(part)
      missing -= part.length
      if (missing === 0) return join(parts)
      if (!(await this.#fill())) throw dumpCutShort()
    }
  }

  /** Throws UNDERCROFT_DUMP_INVALID if anything is left in the stream. */
  async requireEnd(): Promise<void> {
    const hasMore = this.#rest.length > 0 || (await this.#fill())
    if (hasMore) throw dumpInvalid('there are bytes after the end mark of the dump')
  }

  /** Lets the source of the chunks release what it holds. */
  async close(): Promise<void> {
    await this.#chunks.return?.()
  }

  #take(count: number): Buffer {
    const taken = this.#rest.subarray(0, count)
    this.#rest = this.#rest.subarray(count)
    return taken
  }

  /** @returns false at the end of the stream */
  async #fill(): Promise<boolean> {
    while (this.#rest.length === 0) {
      const next = await this.#chunks.next()
      if (next.done === true) return false
      const chunk: unknown = next.value
      if (!(chunk instanceof Uint8Array)) {
        throw dumpInvalid('a dump is a stream of bytes, and its source gave something else')
      }
      this.#rest = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
      this.size += chunk.byteLength
    }
    return true
  }
}

function join(parts: readonly Buffer[]): Buffer {
  const [only] = parts
  return parts.length === 1 && only !== undefined ? only : Buffer.concat(parts)
}
