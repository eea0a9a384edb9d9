/**
 * Open files that several processes have: another number for one, and memory behind one that has no
 * name, so that nothing is left of it whatever ends first.
 */

import { randomUUID } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { UndercroftError } from '../base/index.ts'
import { preallocate, requireLibc } from './mapping.ts'

// <bits/fcntl-linux.h>, and <sys/fcntl.h> of xnu.
const F_DUPFD_CLOEXEC = process.platform === 'darwin' ? 67 : 1030

/** Memory that this process and those that inherit the descriptor see. */
export interface SharedMemory {
  readonly fileDescriptor: number
  readonly buffer: ArrayBuffer
}

/** Another number for the same open file or socket, which no other program inherits. */
export function duplicateDescriptor(fileDescriptor: number): number {
  const duplicate = requireLibc().fcntl(fileDescriptor, F_DUPFD_CLOEXEC, 0)
  if (duplicate >= 0) return duplicate
  throw new UndercroftError(
    'UNDERCROFT_SYSTEM',
    `cannot duplicate descriptor ${fileDescriptor}: are there too many open files (ulimit -n)?`,
  )
}

/** New memory, all zeros, in a file that has lost its name before this returns. */
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

/** The memory behind a descriptor, for as long as the process lives. The descriptor stays open. */
export function mapSharedMemory(fileDescriptor: number, size: number): ArrayBuffer {
  const libc = requireLibc()
  const address = libc.mmap(size, fileDescriptor)
  if (address !== undefined) return libc.view(address, size)
  throw new UndercroftError('UNDERCROFT_SYSTEM', `cannot map ${size} bytes: the kernel refused`)
}
