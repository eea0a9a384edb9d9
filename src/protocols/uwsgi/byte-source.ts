/**
 * Takes stretches of known size from a stream that arrives in chunks of any size.
 *
 * A stretch within one chunk is a view of that chunk. A stretch that spans chunks is copied, each
 * byte once, however small the chunks are. The owner pushes and takes; no socket is involved.
 */

export class ByteSource {
  #chunk: Buffer = EMPTY
  #offset = 0
  #partial: Buffer | undefined
  #filled = 0

  /** Whether there are bytes that no finished `take` or `skip` has used. */
  get hasBytes(): boolean {
    return this.#filled > 0 || this.#offset < this.#chunk.length
  }

  push(chunk: Buffer): void {
    const rest = this.#chunk.subarray(this.#offset)
    this.#chunk = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    this.#offset = 0
  }

  /** @returns undefined until all `size` bytes are there. Ask for the same size again then. */
  take(size: number): Buffer | undefined {
    const available = this.#chunk.length - this.#offset
    if (this.#partial === undefined) {
      if (available >= size) return this.#view(size)
      if (available === 0) return undefined
      this.#partial = Buffer.allocUnsafe(size)
    }
    const part = this.#view(Math.min(size - this.#filled, available))
    this.#partial.set(part, this.#filled)
    this.#filled += part.length
    if (this.#filled < size) return undefined
    const whole = this.#partial
    this.#partial = undefined
    this.#filled = 0
    return whole
  }

  /** Drops up to `size` bytes and returns how many of them have not come yet. */
  skip(size: number): number {
    return size - this.#view(Math.min(size, this.#chunk.length - this.#offset)).length
  }

  /** Takes all bytes that are there, except those of an unfinished `take`. */
  takeAll(): Buffer {
    return this.#view(this.#chunk.length - this.#offset)
  }

  /** Takes the bytes that are there, at most `size`. */

  takeUpTo(size: number): Buffer {
    return this.#view(Math.min(size, this.#chunk.length - this.#offset))
  }

  #view(size: number): Buffer {
    const start = this.#offset
    this.#offset += size
    const view = this.#chunk.subarray(start, this.#offset)
    if (this.#offset === this.#chunk.length) {
      this.#chunk = EMPTY
      this.#offset = 0
    }
    return view
  }
}

const EMPTY = Buffer.alloc(0)
