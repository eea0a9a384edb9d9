/**
 * A copy of a body while it goes to the client, for as long as it may be stored.
 */

import type { Leading } from './leading.ts'

/** Bytes of bodies that are being copied at one time, over all responses of a cache. */
export class CopyBudget {
  #left: number

  constructor(size: number) {
    this.#left = size
  }

  take(size: number): boolean {
    if (size > this.#left) return false
    this.#left -= size
    return true
  }

  giveBack(size: number): void {
    this.#left += size
  }
}

/** Ends its lease when it ends, whichever way. */
export class BodyCopy {
  readonly #leading: Leading
  readonly #budget: CopyBudget
  #chunks: Buffer[] = []
  #size = 0
  #isOver = false

  constructor(leading: Leading, budget: CopyBudget) {
    this.#leading = leading
    this.#budget = budget
  }

  /** False: it has ended, or it was given up. */
  get isCopying(): boolean {
    return !this.#isOver
  }

  /** Copies, because the application may use its buffer again. */
  add(chunk: string | Uint8Array, encoding?: BufferEncoding): void {
    if (this.#isOver) return
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk, encoding) : Buffer.from(chunk)
    const size = this.#size + bytes.length
    if (size > this.#leading.maxBodySize || !this.#budget.take(bytes.length)) {
      this.giveUp('too-large')
      return
    }
    this.#size = size
    this.#chunks.push(bytes)
  }

  /** `isDecoded`: whether the body lacks the coding that its header names. */
  async finish(isDecoded?: (body: Buffer) => Promise<boolean>): Promise<void> {
    if (this.#isOver) return
    const body = Buffer.concat(this.#chunks, this.#size)
    this.#end()
    await this.#leading.finish(body, isDecoded)
  }

  giveUp(detail: 'too-large' | 'set-cookie'): void {
    if (this.#isOver) return
    this.#end()
    void this.#leading.giveUp(detail)
  }

  /** It will not be whole. */
  async fail(): Promise<void> {
    if (this.#isOver) return
    this.#end()
    await this.#leading.fail()
  }

  #end(): void {
    this.#isOver = true
    this.#budget.giveBack(this.#size)
    this.#chunks = []
    this.#size = 0
  }
}
