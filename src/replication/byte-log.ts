/**
 * Bytes written once, in order, and then read once, in order: so many in memory, the rest in a file
 * that has no name any more and so is gone with the process.
 */

import { randomUUID } from 'node:crypto'
import { type FileHandle, open, unlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Bytes of one write to the file, and of one read. */
const CHUNK_SIZE = 1_048_576

export class ByteLog {
  readonly #held: Uint8Array[] = []
  #heldLeft: number
  #pending: Uint8Array[] = []
  #pendingSize = 0
  #file: FileHandle | undefined

  constructor(heldSize: number) {
    this.#heldLeft = heldSize
  }

  /** Takes the bytes as they are: they must not change any more. */
  async append(bytes: Uint8Array): Promise<void> {
    if (this.#file === undefined && bytes.length <= this.#heldLeft) {
      this.#heldLeft -= bytes.length
      this.#held.push(bytes)
      return
    }
    this.#file ??= await openNameless()
    this.#pending.push(bytes)
    this.#pendingSize += bytes.length
    if (this.#pendingSize >= CHUNK_SIZE) await this.#writePending()
  }

  /** Everything, in chunks of any size. */
  async *read(): AsyncGenerator<Buffer, void, undefined> {
    for (const bytes of this.#held) yield Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    if (this.#file === undefined) return
    await this.#writePending()
    for (let offset = 0; ; ) {
      const chunk = Buffer.allocUnsafe(CHUNK_SIZE)
      const { bytesRead } = await this.#file.read(chunk, 0, CHUNK_SIZE, offset)
      if (bytesRead === 0) return
      yield chunk.subarray(0, bytesRead)
      offset += bytesRead
    }
  }

  async close(): Promise<void> {
    await this.#file?.close()
  }

  async #writePending(): Promise<void> {
    const bytes = Buffer.concat(this.#pending)
    this.#pending = []
    this.#pendingSize = 0
    await this.#file?.appendFile(bytes)
  }
}

/** Killed between the two steps, an empty file remains. */
async function openNameless(): Promise<FileHandle> {
  const path = join(tmpdir(), `undercroft-dump-${randomUUID()}`)
  const file = await open(path, 'wx+', 0o600)
  await unlink(path)
  return file
}
