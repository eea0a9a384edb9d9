/**
 * Opens and closes the memory and the sweeper of one cache. The memory is shared; it is private if
 * it cannot be shared, or if the caller asks for private memory.
 */

import { UndercroftError } from '../base/index.ts'
import { Engine, type Upkeep } from '../engine/index.ts'
import { sharingObstacle } from '../platform/index.ts'
import {
  createPrivateSegment,
  destroySegment,
  openSegment,
  requireSameGeometry,
  type Segment,
  segmentPath,
} from '../segment/index.ts'
import { completeGeometry } from './new-geometry.ts'
import type { ResolvedOptions } from './options.ts'
import { keepSwept, type Sweepable } from './sweeper.ts'

/** The bytes of a cache, and the ways to release them. */
interface CacheMemory {
  readonly segment: Segment
  /** False for private memory. */
  readonly shared: boolean
  close(): void
  /** Removes the name, once. The next process that opens the name creates an empty cache. */
  destroy(): void
}

/**
 * Holds the engine while the cache is open. The cache alone refers to this object, so both are
 * collected together: the sweeper holds it weakly, and its memory is released then.
 */
export class CacheLifetime implements Sweepable {
  readonly segment: Segment
  /** True if other processes see the cache; false on private memory. */
  readonly shared: boolean
  /** Undefined after `close`, because the memory is gone then. */
  engine: Engine | undefined
  readonly #name: string
  readonly #memory: CacheMemory
  readonly #onSweep: (reclaimed: number) => void
  readonly #stopSweeping: () => void

  constructor(options: ResolvedOptions) {
    this.#name = options.name
    this.#memory = openMemory(options)
    this.segment = this.#memory.segment
    this.shared = this.#memory.shared
    try {
      this.engine = new Engine(this.segment, options)
    } catch (error) {
      this.#memory.close()
      throw error
    }
    this.#onSweep = options.onSweep
    forgotten.register(this, this.#memory, this)
    this.#stopSweeping = options.sweepMs > 0 ? keepSwept(this, options.sweepMs) : () => {}
  }

  /**
   * @returns the engine
   * @throws UndercroftError - UNDERCROFT_CLOSED after `close`
   */
  use(): Engine {
    return this.engine ?? this.throwClosed()
  }

  throwClosed(): never {
    throw new UndercroftError('UNDERCROFT_CLOSED', `the cache "${this.#name}" was closed`)
  }

  /** Releases the memory. May be called again. */
  close(): void {
    if (this.engine === undefined) return
    this.engine = undefined
    this.#stopSweeping()
    forgotten.unregister(this)
    this.#memory.close()
  }

  /** Removes the name. The next process that opens the name creates an empty cache. */
  removeName(): void {
    this.#memory.destroy()
  }

  upkeep(): Upkeep | undefined {
    return this.engine?.upkeep
  }

  onSweep(reclaimed: number): void {
    this.#onSweep(reclaimed)
  }
}

/** Releases the memory of a cache that was forgotten rather than closed. */
const forgotten = new FinalizationRegistry<CacheMemory>(memory => {
  try {
    memory.close()
  } catch {
    // Its device failed, and no caller is left to report it to. The next opener checks the items.
  }
})

/**
 * The private caches of this thread by path. Openers of the same name share one cache here, too.
 */
const privateSegments = new Map<string, { segment: Segment; users: number }>()

function openMemory(options: ResolvedOptions): CacheMemory {
  const file = segmentPath(options.name, options.directory, options.store)
  if (options.memory === 'private') return openPrivate(file, options)
  const obstacle = sharingObstacle()
  if (obstacle === undefined) return openShared(file, options)
  if (options.memory === 'shared' || options.store !== undefined) {
    throw new UndercroftError(
      'UNDERCROFT_SHARING_UNAVAILABLE',
      `memory cannot be shared here: ${obstacle}. Install koffi for this platform, allow add-ons ` +
        `(--allow-addons under the permission model), or open with memory: 'private'`,
    )
  }
  warnOnce(obstacle)
  return openPrivate(file, options)
}

function openShared(file: string, options: ResolvedOptions): CacheMemory {
  const segment = openSegment(file, options.wanted, wanted =>
    completeGeometry(options.name, wanted),
  )
  let destroyed = false
  return {
    segment,
    shared: true,
    close: () => segment.close(),
    destroy() {
      if (!destroyed) destroySegment(file)
      destroyed = true // A later file of this name is another cache.
    },
  }
}

function openPrivate(file: string, options: ResolvedOptions): CacheMemory {
  let entry = privateSegments.get(file)
  if (entry === undefined) {
    const geometry = completeGeometry(options.name, options.wanted)
    entry = { segment: createPrivateSegment(options.name, geometry), users: 0 }
    privateSegments.set(file, entry)
  }
  const label = `the private cache "${options.name}"`
  requireSameGeometry(label, options.wanted, entry.segment.geometry)
  entry.users++
  const { segment } = entry
  return {
    segment,
    shared: false,
    close() {
      const current = privateSegments.get(file)
      if (current?.segment === segment && --current.users === 0) privateSegments.delete(file)
    },
    destroy() {
      if (privateSegments.get(file)?.segment === segment) privateSegments.delete(file)
    },
  }
}

let warned = false

function warnOnce(obstacle: string): void {
  if (warned) return
  warned = true
  process.emitWarning(
    `memory cannot be shared here (${obstacle}): each process and thread has its own cache`,
    { type: 'UndercroftWarning', code: 'UNDERCROFT_PRIVATE_MEMORY' },
  )
}
