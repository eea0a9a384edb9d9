/**
 * Putting a response into a file, so that a reader sees all of it or nothing.
 */

import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { rename, rm, writeFile } from 'node:fs/promises'
import { toKey } from './byte-text.ts'
import type { ResponseHead, ResponseSink } from './response-sink.ts'
import { isStorable, type StorePolicy } from './storable.ts'

const POLICY: StorePolicy = {
  statusCodes: [200],
  isForced: false,
  isForAnyMethod: false,
  isForOneUser: false,
}

const MAX_BODY_SIZE = 64 * 1024 * 1024

/** Written at once, so that the next request finds it; larger ones not on this thread. */
const SMALL_SIZE = 64 * 1024

let count = 0

export class FileSink implements ResponseSink {
  readonly maxBodySize = MAX_BODY_SIZE
  readonly #path: string | Buffer
  readonly #partPath: string | Buffer
  readonly #mode: number
  readonly #log: (line: string) => void

  /** `path` has one character a byte. */
  constructor(path: string, mode: number, log: (line: string) => void) {
    this.#path = toKey(path)
    this.#partPath = toKey(`${path}.${process.pid}-${++count}.part`)
    this.#mode = mode
    this.#log = log
  }

  wants(head: ResponseHead): boolean {
    return isStorable(head, POLICY)
  }

  take(body: Buffer): void {
    if (body.length === 0) return
    if (body.length > SMALL_SIZE) {
      void this.#writeLater(body)
      return
    }
    try {
      writeFileSync(this.#partPath, body, { mode: this.#mode, flag: 'wx' })
      renameSync(this.#partPath, this.#path)
    } catch (error) {
      this.#fail(error)
      rmSync(this.#partPath, { force: true })
    }
  }

  async #writeLater(body: Buffer): Promise<void> {
    try {
      await writeFile(this.#partPath, body, { mode: this.#mode, flag: 'wx' })
      await rename(this.#partPath, this.#path)
    } catch (error) {
      this.#fail(error)
      await rm(this.#partPath, { force: true }).catch(() => {})
    }
  }

  #fail(error: unknown): void {
    this.#log(`[uwsgi-route] tofile failed: ${error}`)
  }
}
