/**
 * Maps memory that other processes share, and makes private memory with the same interface.
 *
 * A mapping knows its bytes and its locks, but not the meaning of any byte.
 */

import { constants as bufferConstants } from 'node:buffer'
import fs from 'node:fs'
import { constants } from 'node:os'
import { promisify } from 'node:util'
import { UndercroftError } from '../base/index.ts'
import { FileLocks } from './file-locks.ts'
import { type Libc, loadLibc } from './libc.ts'
import { PrivateWatchers, wakeWatchersOfFile, watchFile } from './wake-up.ts'

/** Numbered locks. One mapping at a time holds a lock, until its process or thread ends. */
export interface LivenessLocks {
  tryHold(index: number): boolean
  /** @returns true if this mapping shares the lock now; false if another mapping holds the lock */
  tryShare(index: number): boolean
  release(index: number): void
  isHeldElsewhere(index: number): boolean
}

/** The bytes of a segment in one process or thread. */
export interface Mapping {
  readonly buffer: ArrayBuffer
  readonly size: number
  /** False for private memory, which no other thread sees. */
  readonly shared: boolean
  readonly locks: LivenessLocks
  /**
   * Takes the room of these bytes from the device; bytes that have room keep it. Throws
   * UNDERCROFT_NO_SPACE, and then nothing has changed. No process may touch bytes without room, not
   * even to read them: on a full tmpfs that ends the process with SIGBUS.
   */
  reserve(offset: number, size: number): void
  /** Asks the kernel to write the bytes to the device, and waits until it has. */
  sync(): void
  /** Does the same as `sync` without blocking this thread. */
  flush(): Promise<void>
  /** Wakes all watchers in all processes, by a zero that it writes at an offset. */
  wakeWatchers(offset: number): void
  /**
   * Calls a function soon after each wake-up, until the function that it returns is called.
   * Undefined if the system cannot watch; then the caller has to look from time to time.
   */
  watch(onWakeUp: () => void): (() => void) | undefined
  /** Ends the mapping. The caller must not use `buffer` afterwards. */
  close(): void
}

// <sys/mman.h>: Linux 4, macOS 0x10.
const MS_SYNC = process.platform === 'darwin' ? 0x10 : 4

const fdatasync = promisify(fs.fdatasync)

const EINTR = constants.errno.EINTR
/** Maximum of attempts of a reservation that signals interrupt. */
const RESERVE_TURNS = 1000

/** @returns why memory cannot be shared here; undefined if it can */
export function sharingObstacle(): string | undefined {
  if (process.platform !== 'linux' && process.platform !== 'darwin') {
    return `${process.platform} is not supported yet`
  }
  if (new Uint8Array(new Uint32Array([1]).buffer)[0] !== 1) return 'the processor is big-endian'
  const libc = loadLibc()
  return libc instanceof Error ? libc.message : undefined
}

/** Largest buffer that this Node can make. On Node 20 a larger one aborts the process. */
export const MAX_MAPPING_SIZE = bufferConstants.MAX_LENGTH

/** Throws if the size is too large. Callers check this before they take any room. */
export function requireMappableSize(size: number): void {
  if (size <= MAX_MAPPING_SIZE) return
  throw new UndercroftError(
    'UNDERCROFT_SEGMENT_TOO_LARGE',
    `the segment needs ${size} bytes; Node ${process.versions.node} can map at most ` +
      `${MAX_MAPPING_SIZE}: ask for fewer or smaller items, or use Node 22 or later`,
  )
}

/** @returns the locks of an open file, which need not be mapped */
export function locksOfFile(fileDescriptor: number): LivenessLocks {
  return new FileLocks(requireLibc(), fileDescriptor)
}

/**
 * Maps a file that already has its full size. The mapping owns the descriptor, which holds the
 * locks, and `close` closes it. The path may lead to another file when this function returns, so
 * the caller compares the inodes afterwards.
 *
 * The function opens the path again and maps that open file. A mapping keeps its open file alive,
 * and a terminated thread never unmaps. Locks of the same open file would stay held until the
 * process ends.
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
    reserve(offset, length) {
      if (length > 0) reserveRange(fileDescriptor, offset, length, label)
    },
    sync() {
      if (libc.msync(address, size, MS_SYNC) !== 0) {
        throw new UndercroftError('UNDERCROFT_SYSTEM', `cannot flush ${label} to its device`)
      }
    },
    flush() {
      // The pages of a mapping are pages of the file, so the kernel writes them with the file.
      return fdatasync(fileDescriptor)
    },
    wakeWatchers(offset) {
      wakeWatchersOfFile(fileDescriptor, offset)
    },
    watch(onWakeUp) {
      return watchFile(fileDescriptor, onWakeUp)
    },
    close() {
      if (!open) return
      open = false
      libc.munmap(address, size)
      fs.closeSync(fileDescriptor)
    },
  }
}

/** Throws an error as node:fs does (ENOENT) if the path leads to no file or to another file. */
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

/** @returns a mapping of memory that only this thread sees */
export function mapPrivate(size: number): Mapping {
  requireMappableSize(size)
  const watchers = new PrivateWatchers()
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
    reserve() {},
    sync() {},
    async flush() {},
    wakeWatchers: () => watchers.wake(),
    watch: onWakeUp => watchers.watch(onWakeUp),
    close() {},
  }
}

/** Gives a new file its size, but no room yet: `Mapping.reserve` takes that. */
export function resizeFile(fileDescriptor: number, size: number, path: string): void {
  try {
    fs.ftruncateSync(fileDescriptor, size)
  } catch (error) {
    throw reservationFailure((error as NodeJS.ErrnoException).code ?? 'EIO', size, path)
  }
}

/**
 * Reserves the full size of a new file. A full device is an error here, and not a SIGBUS at a later
 * write.
 */
export function preallocate(fileDescriptor: number, size: number, path: string): void {
  reserveRange(fileDescriptor, 0, size, path)
}

function reserveRange(fileDescriptor: number, offset: number, size: number, path: string): void {
  if (process.platform !== 'linux') {
    fillWithZeros(fileDescriptor, offset, size, path)
    return
  }
  const libc = requireLibc()
  let errno = EINTR
  // A signal may interrupt the call. The file keeps its room, so the next turn continues there.
  for (let turn = 0; turn < RESERVE_TURNS && errno === EINTR; turn++) {
    errno = libc.posixFallocate(fileDescriptor, offset, size)
  }
  if (errno !== 0) throw reservationFailure(errnoName(errno), size, path)
}

/** Reserves by writing on systems without posix_fallocate (macOS). No process may use the bytes. */
function fillWithZeros(fileDescriptor: number, start: number, size: number, path: string): void {
  const zeros = new Uint8Array(Math.min(size, 1 << 20))
  const end = start + size
  try {
    for (let offset = start; offset < end; offset += zeros.length) {
      const length = Math.min(zeros.length, end - offset)
      if (fs.writeSync(fileDescriptor, zeros, 0, length, offset) !== length)
        throw { code: 'ENOSPC' }
    }
  } catch (error) {
    throw reservationFailure((error as NodeJS.ErrnoException).code ?? 'EIO', size, path)
  }
}

function reservationFailure(reason: string, size: number, path: string): UndercroftError {
  const lack = reason === 'ENOSPC' || reason === 'EDQUOT' || reason === 'EFBIG'
  return new UndercroftError(
    lack ? 'UNDERCROFT_NO_SPACE' : 'UNDERCROFT_SYSTEM',
    lack
      ? `no room for the ${size} bytes of ${path} (${reason}): ` +
          'ask for fewer or smaller items, or enlarge the device; a container has 64 MiB of ' +
          '/dev/shm unless started with --shm-size'
      : `cannot reserve ${size} bytes for ${path} (${reason})`,
  )
}

export function requireLibc(): Libc {
  const libc = loadLibc()
  if (libc instanceof Error) {
    throw new UndercroftError('UNDERCROFT_SHARING_UNAVAILABLE', libc.message)
  }
  return libc
}

/** @returns the C name of an errno, or its number: the table of Node.js lacks some names */
export function errnoName(errno: number): string {
  const found = Object.entries(constants.errno).find(([, number]) => number === errno)
  return found?.[0] ?? `errno ${errno}`
}
