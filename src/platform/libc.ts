/**
 * Makes the five calls of the C library that Node does not offer.
 *
 * node:fs opens, sizes and removes files. Only mapping, preallocation and open file description
 * locks use a foreign function interface. A call costs about 0.3 us with koffi, and 0.9 us if it
 * passes a structure, so gets and sets make none of these calls.
 */

import { createRequire } from 'node:module'
import { requireKoffi } from './koffi.ts'

/** Calls with addresses and sizes. A failed call returns a negative number, as in C. */
export interface Libc {
  readonly backend: 'koffi' | 'node:ffi'
  /** @returns the address; undefined if the kernel refused */
  mmap(size: number, fileDescriptor: number): bigint | undefined
  munmap(address: bigint, size: number): number
  msync(address: bigint, size: number, flags: number): number
  /** @returns 0, or an errno */
  posixFallocate(fileDescriptor: number, offset: number, size: number): number
  fcntl(fileDescriptor: number, command: number, argument: Uint8Array | number): number
  /**
   * @returns the live bytes at an address, without a copy; the caller must not use them after
   * munmap
   */
  view(address: bigint, size: number): ArrayBuffer
}

// The same numbers on Linux (x86-64, arm64) and macOS, from <sys/mman.h>.
const PROT_READ_WRITE = 0x1 | 0x2
const MAP_SHARED = 0x1
const MAP_FAILED = 0xffff_ffff_ffff_ffffn

/** The variable that names the only backend to try, for tests and for users without add-ons. */
const BACKEND_VARIABLE = 'UNDERCROFT_FFI'

let loaded: Libc | undefined
let loadFailure: Error | undefined

/** @returns the C library through the first backend that works, or the reason why none works */
export function loadLibc(): Libc | Error {
  if (loaded !== undefined) return loaded
  if (loadFailure !== undefined) return loadFailure
  const wanted = process.env[BACKEND_VARIABLE]
  const failures: string[] = []
  for (const [name, load] of [
    ['koffi', loadWithKoffi],
    ['node:ffi', loadWithNodeFfi],
  ] as const) {
    if (wanted !== undefined && wanted !== name) continue
    try {
      loaded = load()
      return loaded
    } catch (error) {
      failures.push(`${name}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  if (failures.length === 0) {
    failures.push(`${BACKEND_VARIABLE} must be koffi or node:ffi; got ${wanted}`)
  }
  loadFailure = new Error(failures.join('; '))
  return loadFailure
}

function loadWithKoffi(): Libc {
  const koffi = requireKoffi()
  const libc = koffi.load(null)
  const mmap = libc.func(
    'void *mmap(void *addr, size_t length, int prot, int flags, int fd, int64_t offset)',
  )
  const munmap = libc.func('int munmap(void *addr, size_t length)')
  const msync = libc.func('int msync(void *addr, size_t length, int flags)')
  const fallocate = libc.func('int posix_fallocate(int fd, int64_t offset, int64_t len)')
  // Declared variadic, because arm64 macOS passes variadic arguments in another way.
  const fcntl = libc.func('int fcntl(int fd, int cmd, ...)')
  return {
    backend: 'koffi',
    mmap: (size, fd) =>
      checkedAddress(mmap(null, size, PROT_READ_WRITE, MAP_SHARED, fd, 0) as bigint | null),
    munmap: (address, size) => munmap(address, size) as number,
    msync: (address, size, flags) => msync(address, size, flags) as number,
    posixFallocate: (fd, offset, size) => fallocate(fd, offset, size) as number,
    fcntl: (fd, command, argument) =>
      fcntl(fd, command, typeof argument === 'number' ? 'int' : 'void *', argument) as number,
    view: (address, size) => koffi.view(address, size),
  }
}

/** The part of `node:ffi` that this package uses. No released type package describes it yet. */
interface NodeFfi {
  dlopen(
    path: null,
    definitions: Record<string, { return: string; arguments: readonly string[] }>,
  ): { functions: Record<string, (...args: unknown[]) => unknown> }
  toArrayBuffer(pointer: bigint, size: number, copy: boolean): ArrayBuffer
}

function loadWithNodeFfi(): Libc {
  const ffi = createRequire(import.meta.url)('node:ffi') as NodeFfi
  const { functions } = ffi.dlopen(null, {
    mmap: { return: 'pointer', arguments: ['pointer', 'u64', 'i32', 'i32', 'i32', 'i64'] },
    munmap: { return: 'i32', arguments: ['pointer', 'u64'] },
    msync: { return: 'i32', arguments: ['pointer', 'u64', 'i32'] },
    posix_fallocate: { return: 'i32', arguments: ['i32', 'i64', 'i64'] },
    fcntl: { return: 'i32', arguments: ['i32', 'i32', 'pointer'] },
  })
  const call = (name: string, ...args: unknown[]): unknown => {
    const found = functions[name]
    if (found === undefined) throw new Error(`the C library has no ${name}`)
    return found(...args)
  }
  return {
    backend: 'node:ffi',
    mmap: (size, fd) =>
      checkedAddress(call('mmap', 0n, BigInt(size), PROT_READ_WRITE, MAP_SHARED, fd, 0n) as bigint),
    munmap: (address, size) => call('munmap', address, BigInt(size)) as number,
    msync: (address, size, flags) => call('msync', address, BigInt(size), flags) as number,
    posixFallocate: (fd, offset, size) =>
      call('posix_fallocate', fd, BigInt(offset), BigInt(size)) as number,
    fcntl: (fd, command, argument) => {
      const pointer = typeof argument === 'number' ? BigInt(argument) : argument
      return call('fcntl', fd, command, pointer) as number
    },
    view: (address, size) => ffi.toArrayBuffer(address, size, false),
  }
}

function checkedAddress(address: bigint | null): bigint | undefined {
  return address === null || address === 0n || address === MAP_FAILED ? undefined : address
}
