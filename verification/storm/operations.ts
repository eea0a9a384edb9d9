/**
 * The writes whose every step is a place to die at. `prepare` brings about what the write is to
 * find; `run` is watched.
 */

import type { CacheOptions } from '../../src/index.ts'
import { LOCK, LOCK_OFFSET, RECOVERY } from '../../src/segment/index.ts'
import { FIRST_EXPIRING_KEY, KEY_COUNT } from './notebook.ts'
import {
  countOwn,
  countShared,
  deleteCounter,
  deleteItem,
  getItem,
  keyOf,
  type Player,
  storeItem,
  timed,
  touchItem,
} from './player.ts'
import { openWatched } from './watched-stores.ts'

/** A player whose cache is watched. */
export interface WatchedPlayer extends Player {
  readonly memory: ArrayBuffer
  readonly options: CacheOptions
}

export interface Operation {
  prepare?(player: WatchedPlayer): void
  run(player: WatchedPlayer): void
  /** Only where any item may go at any time. */
  readonly evictingOnly?: boolean
}

const SMALL = 10
const LARGE = 300
const TINY_TTL_MS = 2
/** Enough to be asked for more than all others of a chain. */
const MANY_REQUESTS = 2000

const NEEDS_RECOVERY_WORD = (LOCK_OFFSET + LOCK.fields.needsRecovery.offset) / 4

export const OPERATIONS: Readonly<Record<string, Operation>> = {
  'a new item': {
    prepare: player => deleteItem(player, 0),
    run: player => storeItem(player, 0, LARGE, 'set'),
  },
  'a longer value': {
    prepare: player => storeItem(player, 1, SMALL, 'set'),
    run: player => storeItem(player, 1, LARGE, 'set'),
  },
  'a shorter value': {
    prepare: player => storeItem(player, 2, LARGE, 'set'),
    run: player => storeItem(player, 2, SMALL, 'set'),
  },
  'an item that ends': { run: player => storeItem(player, FIRST_EXPIRING_KEY, SMALL, 'set') },
  'an add': {
    prepare: player => deleteItem(player, 3),
    run: player => storeItem(player, 3, SMALL, 'add'),
  },
  'a replace': {
    prepare: player => storeItem(player, 4, SMALL, 'set'),
    run: player => storeItem(player, 4, SMALL, 'replace'),
  },
  'a delete': {
    prepare: player => storeItem(player, 5, SMALL, 'set'),
    run: player => deleteItem(player, 5),
  },
  'a touch': {
    prepare: player => storeItem(player, 6, SMALL, 'set'),
    run: player => touchItem(player, 6),
  },
  'a get': {
    prepare: player => storeItem(player, 7, SMALL, 'set'),
    run: player => getItem(player, 7),
  },
  'a counter that begins': {
    prepare: deleteCounter,
    run: player => countOwn(player, 'increment'),
  },
  'an increment': { run: player => countOwn(player, 'increment') },
  'a multiplication': { run: player => countOwn(player, 'multiply') },
  'an increment of what all count': { run: countShared },
  'a sweep': { prepare: letItemsEnd, run: player => timed(player, () => player.cache.sweep()) },
  'a new order of chains': {
    prepare: requestOften,
    run: player => timed(player, () => player.cache.sweep()),
  },
  'a recovery': {
    prepare: markForRecovery,
    run: player => timed(player, () => player.cache.verify()),
  },
  'an attach': { run: player => openWatched(player.options).cache.close() },
  'a creation': { run: create },
  'a clear': {
    evictingOnly: true,
    run: player => timed(player, () => player.cache.clear()),
  },
}

/** A small cache that comes and goes, beside the one of the storm. */
export function passingCache({ directory }: CacheOptions): CacheOptions {
  const sizes = { maxItems: 8, maxKeySize: 32, bitmap: false, blockSize: 64 }
  return { name: 'passing', ...(directory === undefined ? {} : { directory }), ...sizes }
}

function create({ options }: WatchedPlayer): void {
  const { cache } = openWatched(passingCache(options))
  cache.set('made', 'value')
  cache.destroy()
}

function letItemsEnd(player: WatchedPlayer): void {
  const { cache, name } = player
  for (let key = FIRST_EXPIRING_KEY; key < KEY_COUNT; key++) {
    deleteItem(player, key)
    cache.set(keyOf(name, key), 'over soon', { ttlMs: TINY_TTL_MS })
  }
  const endMs = performance.now() + 2 * TINY_TTL_MS
  while (performance.now() < endMs);
}

function requestOften(player: WatchedPlayer): void {
  const { cache, name, random } = player
  const key = keyOf(name, random.below(FIRST_EXPIRING_KEY))
  for (let i = 0; i < MANY_REQUESTS; i++) cache.get(key)
}

/** As a writer does whose change failed. */
function markForRecovery({ memory }: WatchedPlayer): void {
  const words = new Int32Array(memory)
  Atomics.compareExchange(words, NEEDS_RECOVERY_WORD, RECOVERY.none, RECOVERY.rebuild)
}
