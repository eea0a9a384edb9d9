/**
 * Locks on single bytes of a file that the kernel drops when their holder ends, however it ends.
 *
 * Open file description locks belong to one `open`, so two threads of a process hold them apart,
 * and the kernel knows holders in other containers and pid namespaces. The bytes locked lie far
 * beyond the end of the file: no byte of the file is touched.
 */

import type { Libc } from './libc.ts'

/** `struct flock` and the commands, which each system numbers its own way. */
interface LockAbi {
  readonly size: number
  readonly typeOffset: number
  readonly startOffset: number
  readonly lengthOffset: number
  readonly readLock: number
  readonly writeLock: number
  readonly unlocked: number
  readonly getCommand: number
  readonly setCommand: number
}

// <bits/fcntl-linux.h>; the same on x86-64 and arm64.
const LINUX: LockAbi = {
  size: 32,
  typeOffset: 0,
  startOffset: 8,
  lengthOffset: 16,
  readLock: 0,
  writeLock: 1,
  unlocked: 2,
  getCommand: 36,
  setCommand: 37,
}

// <sys/fcntl.h> of xnu; not run by our tests.
const MACOS: LockAbi = {
  size: 24,
  typeOffset: 20,
  startOffset: 0,
  lengthOffset: 8,
  readLock: 1,
  writeLock: 3,
  unlocked: 2,
  getCommand: 92,
  setCommand: 90,
}

const ABI = process.platform === 'darwin' ? MACOS : LINUX

/** First byte used: beyond any segment, below what off_t can hold. */
const LOCK_BASE_OFFSET = 2 ** 48

export class FileLocks {
  readonly #libc: Libc
  readonly #fileDescriptor: number
  readonly #argument = new Uint8Array(ABI.size)
  readonly #view = new DataView(this.#argument.buffer)

  constructor(libc: Libc, fileDescriptor: number) {
    this.#libc = libc
    this.#fileDescriptor = fileDescriptor
  }

  /** True when this open file holds the lock now: it was free, or was held here already. */
  tryHold(index: number): boolean {
    return this.#call(ABI.setCommand, ABI.writeLock, index) === 0
  }

  /** As `tryHold`, but together with others that share it; gives up what was held alone. */
  tryShare(index: number): boolean {
    return this.#call(ABI.setCommand, ABI.readLock, index) === 0
  }

  release(index: number): void {
    this.#call(ABI.setCommand, ABI.unlocked, index)
  }

  /** Whether another open file holds or shares it. What this one has does not count. */
  isHeldElsewhere(index: number): boolean {
    const failed = this.#call(ABI.getCommand, ABI.writeLock, index) !== 0
    // When the kernel cannot tell, nobody is declared dead.
    return failed || this.#view.getInt16(ABI.typeOffset, true) !== ABI.unlocked
  }

  #call(command: number, type: number, index: number): number {
    this.#argument.fill(0)
    this.#view.setInt16(ABI.typeOffset, type, true)
    this.#view.setBigInt64(ABI.startOffset, BigInt(LOCK_BASE_OFFSET + index), true)
    this.#view.setBigInt64(ABI.lengthOffset, 1n, true)
    return this.#libc.fcntl(this.#fileDescriptor, command, this.#argument)
  }
}
