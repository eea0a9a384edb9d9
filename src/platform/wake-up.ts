/**
 * Wakes threads of other processes that sleep. A write to the file that they all have open makes
 * the kernel notify those that watch it (inotify on Linux, kqueue on macOS). A store to mapped
 * memory notifies no process.
 */

import fs from 'node:fs'

/** The byte that a wake-up writes. */
const ZERO = Buffer.alloc(1)

/** Wakes all watchers of an open file, by writing a zero at an offset. It takes 4 us. */
export function wakeWatchersOfFile(fileDescriptor: number, offset: number): void {
  try {
    fs.writeSync(fileDescriptor, ZERO, 0, 1, offset)
  } catch {
    // The change of the caller is done, and listeners also look by themselves.
  }
}

/**
 * Watches an open file, also after its name was removed. The watch keeps no process alive.
 *
 * @returns a function that ends it; undefined if the system has no more watches or forbids them
 */
export function watchFile(fileDescriptor: number, onWakeUp: () => void): (() => void) | undefined {
  try {
    const watcher = fs.watch(`/dev/fd/${fileDescriptor}`, { persistent: false }, onWakeUp)
    watcher.on('error', () => watcher.close()) // Listeners also look by themselves.
    return () => watcher.close()
  } catch {
    return undefined
  }
}

/** The watchers of memory that only this thread sees. */
export class PrivateWatchers {
  readonly #watchers = new Set<() => void>()

  wake(): void {
    for (const watcher of this.#watchers) setImmediate(watcher)
  }

  watch(onWakeUp: () => void): () => void {
    const own = () => {
      if (this.#watchers.has(own)) onWakeUp()
    }
    this.#watchers.add(own)
    return () => this.#watchers.delete(own)
  }
}
