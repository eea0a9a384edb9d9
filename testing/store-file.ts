/**
 * The file of a store as it lies on its disk, for tests that simulate a power loss: lost pages, and
 * a restart of the machine.
 */

import fs from 'node:fs'
import { computeLayout, type Layout } from '../src/segment/geometry.ts'
import { BOOT, BOOT_OFFSET, LOCK, LOCK_OFFSET, SLOT, SLOT_STRIDE } from '../src/segment/index.ts'
import { readGeometry } from '../src/segment/segment.ts'

/** Where the bytes of an item lie in the file. */
export interface ItemPlace {
  readonly slotOffset: number
  readonly valueOffset: number
  readonly valueSize: number
}

export class StoreFile {
  readonly path: string

  constructor(path: string) {
    this.path = path
  }

  /** Whether the last process flushed all of it to disk at its close, and none opened it since. */
  get isClosed(): boolean {
    return this.#word(BOOT_OFFSET + BOOT.fields.closed.offset) === 1
  }

  /** The counter that recoveries increment as a sign of progress. */
  get progress(): number {
    return this.#word(LOCK_OFFSET + LOCK.fields.progress.offset)
  }

  get layout(): Layout {
    const bytes = fs.readFileSync(this.path)
    return computeLayout(readGeometry(bytes, bytes.length, this.path))
  }

  /** Changes the boot id in the file, as a restart does. No process may have the file open. */
  restartMachine(): void {
    const offset = BOOT_OFFSET + BOOT.fields.id0.offset
    const word = Buffer.alloc(4)
    word.writeInt32LE(this.#word(offset) ^ 0x1234)
    this.#write(word, offset)
  }

  edit(change: (bytes: Buffer) => void): void {
    const bytes = fs.readFileSync(this.path)
    change(bytes)
    this.#write(bytes, 0)
  }

  /** @returns where the item of a short key lies; the item must exist */
  place(key: string): ItemPlace {
    const bytes = fs.readFileSync(this.path)
    const { slotsOffset, keyTailsOffset, blocksOffset, blockStride } = this.layout
    const wanted = Buffer.from(key)
    for (let at = slotsOffset; at < keyTailsOffset; at += SLOT_STRIDE) {
      const field = (name: keyof typeof SLOT.fields) =>
        bytes.readInt32LE(at + SLOT.fields[name].offset)
      const keySize = field('info') & 0xffff
      const found = bytes.subarray(at + SLOT.size, at + SLOT.size + keySize)
      if (!found.equals(wanted)) continue
      const valueOffset = blocksOffset + field('firstBlock') * blockStride
      return { slotOffset: at, valueOffset, valueSize: field('valueSize') }
    }
    throw new Error(`${key} is not in ${this.path}`)
  }

  /** Writes in place, since a new file would be a copy. */
  #write(bytes: Buffer, offset: number): void {
    const fd = fs.openSync(this.path, 'r+')
    let at = 0
    while (at < bytes.length) at += fs.writeSync(fd, bytes, at, bytes.length - at, offset + at)
    fs.closeSync(fd)
  }

  #word(offset: number): number {
    const word = Buffer.alloc(4)
    const fd = fs.openSync(this.path, 'r')
    fs.readSync(fd, word, 0, 4, offset)
    fs.closeSync(fd)
    return word.readInt32LE(0)
  }
}
