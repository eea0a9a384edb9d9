/**
 * Declares the part of koffi 3 that this package uses. The types of koffi describe every C type.
 */

import { createRequire } from 'node:module'

export interface Koffi {
  load(path: null): CLibrary
  view(pointer: bigint, size: number): ArrayBuffer
  /** @returns the errno of the last call in this thread */
  errno(): number
  /** The manual of koffi does not describe this, so a later version may lack it. */
  readonly node?: {
    /**
     * Calls `onReadable` whenever the descriptor can be read, outside of a callback scope of Node.
     * Polling ends when the handle is collected, so the caller must hold the handle.
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

/** Throws if koffi is missing for this platform, or if Node does not allow add-ons. */
export function requireKoffi(): Koffi {
  return createRequire(import.meta.url)('koffi') as Koffi
}
