/**
 * Which memory a cache gets: shared, or private where sharing is impossible or not wanted.
 */

import { UndercroftError } from '../base/index.ts'
import { sharingObstacle } from '../platform/index.ts'
import {
  createPrivateSegment,
  destroySegment,
  openSegment,
  requireSameGeometry,
  type Segment,
  segmentPath,
} from '../segment/index.ts'
import { completeGeometry, type ResolvedOptions } from './options.ts'

/** Private caches of this thread, by the path they would have: one name is one cache here, too. */
const privateSegments = new Map<string, { segment: Segment; users: number }>()

let warned = false

/** A cache's bytes, and how to give them back. */
export interface CacheMemory {
  readonly segment: Segment
  /** The file, or undefined for private memory. */
  readonly file: string | undefined
  close(): void
  /** Removes the name, once: the next to open it creates an empty cache. */
  destroy(): void
}

/** Gives memory back when a cache was forgotten rather than closed. */
export const forgotten = new FinalizationRegistry<CacheMemory>(memory => {
  try {
    memory.close()
  } catch {
    // Its device failed, and nobody is left to be told. The next to open it checks the items.
  }
})

export function openMemory(options: ResolvedOptions): CacheMemory {
  const file = segmentPath(options.name, options.directory, options.store)
  if (options.memory === 'private') return openPrivate(file, options)
  const obstacle = sharingObstacle()
  if (obstacle === undefined) {
    const segment = openSegment(file, options.wanted, wanted =>
      completeGeometry(options.name, wanted),
    )
    let destroyed = false
    return {
      segment,
      file,
      close: () => segment.close(),
      destroy() {
        if (!destroyed) destroySegment(file)
        destroyed = true // whatever has the name from now on is another cache
      },
    }
  }
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
    file: undefined,
    close() {
      const current = privateSegments.get(file)
      if (current?.segment === segment && --current.users === 0) privateSegments.delete(file)
    },
    destroy() {
      if (privateSegments.get(file)?.segment === segment) privateSegments.delete(file)
    },
  }
}

function warnOnce(obstacle: string): void {
  if (warned) return
  warned = true
  process.emitWarning(
    `memory cannot be shared here (${obstacle}): every process and thread has a cache of its own`,
    { type: 'UndercroftWarning', code: 'UNDERCROFT_PRIVATE_MEMORY' },
  )
}
