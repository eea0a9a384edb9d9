/**
 * Locks single bytes of a file. The kernel drops a lock when its holder ends, in any way.
 *
 * An open file description lock belongs to one `open`, so two threads of a process hold separate
 * locks. The kernel knows holders in other containers and pid namespaces. The locked bytes lie far
 * beyond the end of the file, so locking touches no byte of the file.
 */

import type { Libc } from './libc.ts'

/** The layout of `struct flock`, and the numbers of the commands. Each system has its own. */
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

// <sys/fcntl.h> of xnu. No test of this package runs on macOS.
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

/** Offset of the first locked byte: beyond any segment, and below the maximum of off_t. */
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

  /** @returns true if this open file holds the lock now, also if it held the lock before */
  tryHold(index: number): boolean {
    return this.#call(ABI.setCommand, ABI.writeLock, index) === 0
  }

  /**
   * Shares the lock with other open files. An open file that holds the lock downgrades it.
   *
   * @returns true if this open file shares the lock now
   */
  tryShare(index: number): boolean {
    return this.#call(ABI.setCommand, ABI.readLock, index) === 0
  }

  release(index: number): void {
    this.#call(ABI.setCommand, ABI.unlocked, index)
  }

  /** @returns whether another open file holds or shares the lock */
  isHeldElsewhere(index: number): boolean {
    const failed = this.#call(ABI.getCommand, ABI.writeLock, index) !== 0
    // If the kernel does not know, the holder counts as alive.
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
