/**
 * Memory that other processes see too, and the plain memory that stands in where there is none.
 *
 * A mapping knows its bytes and its locks, not what any byte means.
 */

import { constants as bufferConstants } from 'node:buffer'
import fs from 'node:fs'
import { constants } from 'node:os'
import { promisify } from 'node:util'
import { UndercroftError } from '../base/index.ts'
import { FileLocks } from './file-locks.ts'
import { type Libc, loadLibc } from './libc.ts'

/** Locks by number: held by one mapping at a time, and dropped when its process or thread ends. */
export interface LivenessLocks {
  tryHold(index: number): boolean
  /** True when it is shared now with all others that share it; whoever holds it keeps them out. */
  tryShare(index: number): boolean
  release(index: number): void
  isHeldElsewhere(index: number): boolean
}

/** A segment's bytes as one process or thread sees them. */
export interface Mapping {
  readonly buffer: ArrayBuffer
  readonly size: number
  /** False for plain memory, which nobody else sees. */
  readonly shared: boolean
  readonly locks: LivenessLocks
  /** Asks the kernel to write the bytes to the device, and waits for it. */
  sync(): void
  /** The same, without keeping this thread. */
  flush(): Promise<void>
  /** Ends this view. Nobody may touch `buffer` afterwards. */
  close(): void
}

// <sys/mman.h>: Linux 4, macOS 0x10.
const MS_SYNC = process.platform === 'darwin' ? 0x10 : 4

const fdatasync = promisify(fs.fdatasync)

const EINTR = constants.errno.EINTR
/** Signals that one preallocation survives. */
const PREALLOCATE_TURNS = 1000

/** Why memory cannot be shared here, or undefined when it can. */
export function sharingObstacle(): string | undefined {
  if (process.platform !== 'linux' && process.platform !== 'darwin') {
    return `${process.platform} is not supported yet`
  }
  if (new Uint8Array(new Uint32Array([1]).buffer)[0] !== 1) return 'the processor is big-endian'
  const libc = loadLibc()
  return libc instanceof Error ? libc.message : undefined
}

/** Largest view that this Node can make; asking for more aborts the process on Node 20. */
export const MAX_MAPPING_SIZE = bufferConstants.MAX_LENGTH

/** Ask before taking any room; `mapFile` and `mapPrivate` ask, too. */
export function requireMappableSize(size: number): void {
  if (size <= MAX_MAPPING_SIZE) return
  throw new UndercroftError(
    'UNDERCROFT_SEGMENT_TOO_LARGE',
    `the segment needs ${size} bytes; Node ${process.versions.node} can map at most ` +
      `${MAX_MAPPING_SIZE}: ask for fewer or smaller items, or use Node 22 or later`,
  )
}

/** The locks of an open file that need not be mapped. */
export function locksOfFile(fileDescriptor: number): LivenessLocks {
  return new FileLocks(requireLibc(), fileDescriptor)
}

/**
 * Maps a file that has its full size already. Takes over the descriptor, which holds the locks:
 * `close` closes it. The path may lead to another file by now: compare afterwards.
 *
 * What is mapped is opened apart. A mapping keeps its open file alive, and a thread that is
 * terminated never unmaps: locks of the same open file would be held until the process ends.
 */
export function mapFile(
  fileDescriptor: number,
  size: number,
  path: string,
  label: string = path,
): Mapping {
  requireMappableSize(size)
  const libc = requireLibc()
  const address = mapApart(libc, size, path, fs.fstatSync(fileDescriptor))
  if (address === undefined) {
    throw new UndercroftError(
      'UNDERCROFT_SYSTEM',
      `cannot map ${size} bytes of ${label}: the kernel refused; ` +
        'is address space limited (ulimit -v)?',
    )
  }
  const locks = new FileLocks(libc, fileDescriptor)
  let open = true
  return {
    buffer: libc.view(address, size),
    size,
    shared: true,
    locks,
    sync() {
      if (libc.msync(address, size, MS_SYNC) !== 0) {
        throw new UndercroftError('UNDERCROFT_SYSTEM', `cannot flush ${label} to its device`)
      }
    },
    flush() {
      // Pages written through a mapping are the file's: the kernel writes them out with it.
      return fdatasync(fileDescriptor)
    },
    close() {
      if (!open) return
      open = false
      libc.munmap(address, size)
      fs.closeSync(fileDescriptor)
    },
  }
}

/** Throws as node:fs where the path leads nowhere any more, or to another file than it did. */
function mapApart(libc: Libc, size: number, path: string, checked: fs.Stats): bigint | undefined {
  const fileDescriptor = fs.openSync(path, fs.constants.O_RDWR | fs.constants.O_NOFOLLOW)
  try {
    const { dev, ino } = fs.fstatSync(fileDescriptor)
    if (dev !== checked.dev || ino !== checked.ino) {
      throw Object.assign(new Error(`${path} was replaced`), { code: 'ENOENT' })
    }
    return libc.mmap(size, fileDescriptor)
  } finally {
    fs.closeSync(fileDescriptor)
  }
}

/** Memory of this thread alone, with the same face. */
export function mapPrivate(size: number): Mapping {
  requireMappableSize(size)
  return {
    buffer: new ArrayBuffer(size),
    size,
    shared: false,
    locks: {
      tryHold: () => true,
      tryShare: () => true,
      release() {},
      isHeldElsewhere: () => false,
    },
    sync() {},
    async flush() {},
    close() {},
  }
}

/**
 * Gives a new file all its room at once, so that a full device is an error here and never a SIGBUS
 * at some later write.
 */
export function preallocate(fileDescriptor: number, size: number, path: string): void {
  if (process.platform !== 'linux') {
    fillWithZeros(fileDescriptor, size, path)
    return
  }
  const libc = requireLibc()
  let errno = EINTR
  // A signal may cut it short; what was given stays given, so the next turn goes on from there.
  for (let turn = 0; turn < PREALLOCATE_TURNS && errno === EINTR; turn++) {
    errno = libc.posixFallocate(fileDescriptor, size)
  }
  if (errno !== 0) throw preallocationFailure(errnoName(errno), size, path)
}

/** For systems without posix_fallocate (macOS): slower, the same promise. */
function fillWithZeros(fileDescriptor: number, size: number, path: string): void {
  const zeros = new Uint8Array(1 << 20)
  try {
    for (let offset = 0; offset < size; offset += zeros.length) {
      const length = Math.min(zeros.length, size - offset)
      if (fs.writeSync(fileDescriptor, zeros, 0, length, offset) !== length)
        throw { code: 'ENOSPC' }
    }
  } catch (error) {
    throw preallocationFailure((error as NodeJS.ErrnoException).code ?? 'EIO', size, path)
  }
}

function preallocationFailure(reason: string, size: number, path: string): UndercroftError {
  const lack = reason === 'ENOSPC' || reason === 'EDQUOT' || reason === 'EFBIG'
  return new UndercroftError(
    lack ? 'UNDERCROFT_NO_SPACE' : 'UNDERCROFT_SYSTEM',
    lack
      ? `no room for the ${size} bytes of ${path} (${reason}): ` +
          'ask for fewer or smaller items, or enlarge the device; a container has 64 MiB of ' +
          '/dev/shm unless started with --shm-size'
      : `cannot preallocate ${size} bytes for ${path} (${reason})`,
  )
}

export function requireLibc(): Libc {
  const libc = loadLibc()
  if (libc instanceof Error) {
    throw new UndercroftError('UNDERCROFT_SHARING_UNAVAILABLE', libc.message)
  }
  return libc
}

/** As C calls it. Node.js' own table lacks some, such as EDQUOT. */
export function errnoName(errno: number): string {
  const found = Object.entries(constants.errno).find(([, number]) => number === errno)
  return found?.[0] ?? `errno ${errno}`
}
