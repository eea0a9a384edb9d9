/**
 * Copies of bodies that are made while the bodies go to their clients.
 *
 * Everything that copies has a limit: one body that of its receiver, and all bodies together that
 * of their budget.
 */

/** Bytes that may be copied at once, over all responses of one server. */
export class CopyBudget {
  #left: number

  constructor(size: number) {
    this.#left = size
  }

  /** @returns false if so many bytes are not left; then none are reserved */
  reserve(size: number): boolean {
    if (size > this.#left) return false
    this.#left -= size
    return true
  }

  release(size: number): void {
    this.#left += size
  }
}

/** Whether a body lacks the coding that its header names. */
export type DecodedCheck = (body: Buffer) => Promise<boolean>

/** Receives a copied body, or learns that there is none. One of the three methods is called. */
export interface BodyReceiver {
  /** Largest body to copy, in bytes. */
  readonly maxBodySize: number
  /** The whole body. */
  finish(body: Buffer, isDecoded?: DecodedCheck): Promise<void>
  /** The body is not to be copied after all, and `detail` says why. */
  giveUp(detail: string): unknown
  /** The body ended too early. */
  fail(): Promise<void>
}

export class BodyCopy {
  readonly #receiver: BodyReceiver
  readonly #budget: CopyBudget
  #chunks: Buffer[] = []
  #size = 0
  #isOver = false

  constructor(receiver: BodyReceiver, budget: CopyBudget) {
    this.#receiver = receiver
    this.#budget = budget
  }

  /** False: the copy is finished, given up or failed. */
  get isCopying(): boolean {
    return !this.#isOver
  }

  /** The bytes are copied, because the application may use its buffer again. */
  add(chunk: string | Uint8Array, encoding?: BufferEncoding): void {
    if (this.#isOver) return
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk, encoding) : Buffer.from(chunk)
    const size = this.#size + bytes.length
    if (size > this.#receiver.maxBodySize || !this.#budget.reserve(bytes.length)) {
      this.giveUp('too-large')
      return
    }
    this.#size = size
    this.#chunks.push(bytes)
  }

  /** Passes the body on before it returns; resolves when the receiver is done with it. */
  async finish(isDecoded?: DecodedCheck): Promise<void> {
    if (this.#isOver) return
    const body = Buffer.concat(this.#chunks, this.#size)
    this.#end()
    await this.#receiver.finish(body, isDecoded)
  }

  giveUp(detail: string): void {
    if (this.#isOver) return
    this.#end()
    void this.#receiver.giveUp(detail)
  }

  async fail(): Promise<void> {
    if (this.#isOver) return
    this.#end()
    await this.#receiver.fail()
  }

  #end(): void {
    this.#isOver = true
    this.#budget.release(this.#size)
    this.#chunks = []
    this.#size = 0
  }
}

/**
 * Returns a stream of the same bytes for the client. While the body is copied, it is read as fast
 * as the application makes it, so that a slow client delays only itself. Afterwards it is read as
 * fast as the client takes it.
 */
export function copyStream(
  body: ReadableStream<Uint8Array>,
  copy: BodyCopy,
  isDecoded: DecodedCheck,
): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  let wake: () => void = () => {}
  let isCancelled = false
  async function pump(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    while (!isCancelled) {
      if (!copy.isCopying && (controller.desiredSize ?? 0) <= 0) {
        await new Promise<void>(resolve => {
          wake = resolve
        })
        continue
      }
      const { done, value } = await reader.read()
      if (isCancelled) return
      if (done) {
        // Before the client has the end of the body, so that its next request is a hit.
        await copy.finish(isDecoded)
        controller.close()
        return
      }
      copy.add(value)
      controller.enqueue(value)
    }
  }
  return new ReadableStream({
    start(controller) {
      pump(controller).catch(async error => {
        await copy.fail()
        controller.error(error)
      })
    },
    pull: () => wake(),
    async cancel(reason) {
      isCancelled = true
      wake()
      await copy.fail()
      await reader.cancel(reason)
    },
  })
}

/** Copies a body that no client receives. Fails as the body does. */
export async function copyWhole(
  body: ReadableStream<Uint8Array> | null,
  copy: BodyCopy,
  isDecoded: DecodedCheck,
): Promise<void> {
  try {
    // A return from the loop cancels the body.
    for await (const chunk of body ?? []) {
      copy.add(chunk)
      if (!copy.isCopying) return
    }
    await copy.finish(isDecoded)
  } finally {
    await copy.fail() // does nothing after `finish`
  }
}
