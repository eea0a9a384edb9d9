/**
 * Duplicates and redirects descriptors, makes named pipes, and shared memory behind a descriptor.
 * The file of such memory has no name, so nothing remains of it, regardless of the order in which
 * processes end.
 */

import { randomUUID } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { UndercroftError } from '../base/index.ts'
import { preallocate, requireLibc } from './mapping.ts'

// <bits/fcntl-linux.h>, and <sys/fcntl.h> of xnu.
const F_DUPFD_CLOEXEC = process.platform === 'darwin' ? 67 : 1030

/** Memory that this process and all processes that inherit the descriptor share. */
export interface SharedMemory {
  readonly fileDescriptor: number
  readonly buffer: ArrayBuffer
}

/** @returns another descriptor of the same open file or socket, which no other program inherits */
export function duplicateDescriptor(fileDescriptor: number): number {
  const duplicate = requireLibc().fcntl(fileDescriptor, F_DUPFD_CLOEXEC, 0)
  if (duplicate >= 0) return duplicate
  throw new UndercroftError(
    'UNDERCROFT_SYSTEM',
    `cannot duplicate descriptor ${fileDescriptor}: are there too many open files (ulimit -n)?`,
  )
}

/** Makes `target` another descriptor of what `source` has open. Child processes inherit it. */
export function redirectDescriptor(source: number, target: number): void {
  if (requireLibc().dup2(source, target) === target) return
  throw new UndercroftError('UNDERCROFT_SYSTEM', `cannot redirect descriptor ${target}`)
}

/** Makes a named pipe. */
export function makeFifo(path: string, mode: number): void {
  if (requireLibc().mkfifo(Buffer.from(`${path}\0`), mode) === 0) return
  throw new UndercroftError(
    'UNDERCROFT_SYSTEM',
    'the system refuses; does the path exist, or its directory not?',
  )
}

/** Makes memory of zeros in a file whose name is removed before the function returns. */
export function makeSharedMemory(size: number): SharedMemory {
  const parent = fs.existsSync('/dev/shm') ? '/dev/shm' : os.tmpdir()
  const file = path.join(parent, `undercroft-${randomUUID()}`)
  const { O_RDWR, O_CREAT, O_EXCL } = fs.constants
  const fileDescriptor = fs.openSync(file, O_RDWR | O_CREAT | O_EXCL, 0o600)
  try {
    fs.unlinkSync(file)
    preallocate(fileDescriptor, size, file)
    return { fileDescriptor, buffer: mapSharedMemory(fileDescriptor, size) }
  } catch (error) {
    fs.closeSync(fileDescriptor)
    throw error
  }
}

/** Maps the memory behind a descriptor until the process ends. The descriptor stays open. */
export function mapSharedMemory(fileDescriptor: number, size: number): ArrayBuffer {
  const libc = requireLibc()
  const address = libc.mmap(size, fileDescriptor)
  if (address !== undefined) return libc.view(address, size)
  throw new UndercroftError('UNDERCROFT_SYSTEM', `cannot map ${size} bytes: the kernel refused`)
}
