/**
 * What is used of koffi 3, whose own types describe every C type there is.
 */

import { createRequire } from 'node:module'

export interface Koffi {
  load(path: null): CLibrary
  view(pointer: bigint, size: number): ArrayBuffer
  /** Of the last call in this thread. */
  errno(): number
  /** Not in its manual, so it may go. */
  readonly node?: {
    /**
     * Calls back, outside of what Node calls a callback scope, whenever the descriptor can be read.
     * It is over when the handle is collected, so somebody must hold it.
     */
    poll?(fileDescriptor: number, onReadable: () => void): PollHandle
  }
}

export interface CLibrary {
  func(declaration: string): CFunction
}

export type CFunction = (...args: unknown[]) => unknown

export interface PollHandle {
  close(): void
}

/** Throws where there is none for this platform, or add-ons are not allowed. */
export function requireKoffi(): Koffi {
  return createRequire(import.meta.url)('koffi') as Koffi
}
