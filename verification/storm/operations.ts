/**
 * The operations at whose steps workers are killed. `prepare` brings the cache into the state that
 * the operation needs; the stores of `run` are watched.
 */

import type { CacheOptions } from '../../src/index.ts'
import { LOCK, LOCK_OFFSET, RECOVERY } from '../../src/segment/index.ts'
import {
  clearNamespace,
  countOwn,
  countShared,
  deleteCounter,
  deleteItem,
  deleteTagOf,
  getItem,
  keyOf,
  storeInNamespace,
  storeItem,
  tagOf,
  timed,
  touchItem,
  type WorkerContext,
} from './logged-calls.ts'
import { FIRST_EXPIRING_KEY, KEY_COUNT } from './operation-log.ts'
import { openWatched } from './watched-stores.ts'

/** The context of a worker whose cache is watched. */
export interface WatchedContext extends WorkerContext {
  readonly memory: ArrayBuffer
  readonly options: CacheOptions
}

export interface Operation {
  prepare?(context: WatchedContext): void
  run(context: WatchedContext): void
  /** Whether the operation runs only where any item may be evicted. */
  readonly evictingOnly?: boolean
}

const SMALL = 10
const LARGE = 300
const TINY_TTL_MS = 2
/** Enough requests to make an item the most requested one of its chain. */
const MANY_REQUESTS = 2000

const NEEDS_RECOVERY_WORD = (LOCK_OFFSET + LOCK.fields.needsRecovery.offset) / 4

export const OPERATIONS: Readonly<Record<string, Operation>> = {
  'a new item': {
    prepare: context => deleteItem(context, 0),
    run: context => storeItem(context, 0, LARGE, 'set'),
  },
  'a longer value': {
    prepare: context => storeItem(context, 1, SMALL, 'set'),
    run: context => storeItem(context, 1, LARGE, 'set'),
  },
  'a shorter value': {
    prepare: context => storeItem(context, 2, LARGE, 'set'),
    run: context => storeItem(context, 2, SMALL, 'set'),
  },
  'an item that ends': { run: context => storeItem(context, FIRST_EXPIRING_KEY, SMALL, 'set') },
  'an add': {
    prepare: context => deleteItem(context, 3),
    run: context => storeItem(context, 3, SMALL, 'add'),
  },
  'a replace': {
    prepare: context => storeItem(context, 4, SMALL, 'set'),
    run: context => storeItem(context, 4, SMALL, 'replace'),
  },
  'an item with tags': {
    run: context => storeItem(context, 8, LARGE, 'set', tagsOf(context, 8)),
  },
  'the deletion of a tag': {
    prepare: context => storeItem(context, 9, SMALL, 'set', tagsOf(context, 9)),
    run: context => deleteTagOf(context, 9),
  },
  'the clear of a namespace': {
    prepare: storeInNamespace,
    run: clearNamespace,
  },
  'a pinned item': {
    prepare: context => storeItem(context, 10, LARGE, 'set'),
    run: context => storeItem(context, 10, SMALL, 'set', { pinned: true }),
  },
  'the end of a pin': {
    prepare: context => storeItem(context, 10, SMALL, 'set', { pinned: true }),
    run: context => storeItem(context, 10, LARGE, 'set'),
  },
  'a compare and set': {
    prepare: context => storeItem(context, 11, SMALL, 'set'),
    run: context => storeItem(context, 11, SMALL, 'compareAndSet'),
  },
  'a delete': {
    prepare: context => storeItem(context, 5, SMALL, 'set'),
    run: context => deleteItem(context, 5),
  },
  'a touch': {
    prepare: context => storeItem(context, 6, SMALL, 'set'),
    run: context => touchItem(context, 6),
  },
  'a get': {
    prepare: context => storeItem(context, 7, SMALL, 'set'),
    run: context => getItem(context, 7),
  },
  'a counter that begins': {
    prepare: deleteCounter,
    run: context => countOwn(context, 'increment'),
  },
  'an increment': { run: context => countOwn(context, 'increment') },
  'a multiplication': { run: context => countOwn(context, 'multiply') },
  'an increment of what all count': { run: countShared },
  'a sweep': { prepare: letItemsEnd, run: context => timed(context, () => context.cache.sweep()) },
  'a new order of chains': {
    prepare: requestOften,
    run: context => timed(context, () => context.cache.sweep()),
  },
  'a recovery': {
    prepare: markForRecovery,
    run: context => timed(context, () => context.cache.verify()),
  },
  'an attach': { run: context => openWatched(context.options).cache.close() },
  'a creation': { run: create },
  'a clear': {
    evictingOnly: true,
    run: context => timed(context, () => context.cache.clear()),
  },
}

/** The options of a small second cache that workers create and destroy during the storm. */
export function shortLivedCache({ directory }: CacheOptions): CacheOptions {
  const sizes = { maxItems: 8, maxKeySize: 32, bitmap: false, blockSize: 64 }
  return { name: 'passing', ...(directory === undefined ? {} : { directory }), ...sizes }
}

function create({ options }: WatchedContext): void {
  const { cache } = openWatched(shortLivedCache(options))
  cache.set('made', 'value')
  cache.destroy()
}

/** Where items may be lost, there are more tags than places, so that tags lose theirs. */
function tagsOf({ name, random, mode }: WatchedContext, key: number) {
  return { tags: [tagOf(name, key), `tag ${random.below(mode.keepsAll ? 4 : 1000)}`] }
}

function letItemsEnd(context: WatchedContext): void {
  const { cache, name } = context
  for (let key = FIRST_EXPIRING_KEY; key < KEY_COUNT; key++) {
    deleteItem(context, key)
    cache.set(keyOf(name, key), 'over soon', { ttlMs: TINY_TTL_MS })
  }
  const endMs = performance.now() + 2 * TINY_TTL_MS
  while (performance.now() < endMs);
}

function requestOften(context: WatchedContext): void {
  const { cache, name, random } = context
  const key = keyOf(name, random.below(FIRST_EXPIRING_KEY))
  for (let i = 0; i < MANY_REQUESTS; i++) cache.get(key)
}

/** Marks the segment as a writer does whose change failed. */
function markForRecovery({ memory }: WatchedContext): void {
  const words = new Int32Array(memory)
  Atomics.compareExchange(words, NEEDS_RECOVERY_WORD, RECOVERY.none, RECOVERY.rebuild)
}
