/**
 * `npm run bench -- tags`: what tags cost a get and a set, and how long the deletion of a tag takes
 * that every item of a full cache has, or one of a hundred.
 *
 * Chunks of gets and sets with and without tags alternate, so that other load disturbs both alike.
 * After each deletion, another process asks for an item: it must miss.
 */

import { Cache, type CacheOptions, type SetOptions } from '../../src/index.ts'
import { Child } from '../../testing/child.ts'
import { onEnd, type Scope } from '../../testing/scope.ts'
import { median } from '../../testing/statistics.ts'
import { memoryDir } from '../../testing/temp-dir.ts'
import { STRING_VALUE } from '../compare/workload.ts'
import { parseRoundOptions, type RoundOptions } from '../options.ts'
import { printMachine } from '../report.ts'
import { ratioOf, timed } from './alternate.ts'
import type { ReaderTask } from './tags-reader.ts'

/** Few enough for the caches of the processor, where the cost of tags shows most. */
const HOT_KEYS = 500
const CHUNKS = 400
const TAGS = ['user:7', 'orders']
/** The tags of a full cache, of which each item has one. */
const GROUPS = Array.from({ length: 100 }, (_, i) => `group-${i}`)
/** V8 optimizes a function after some thousand calls. */
const WARM_DELETIONS = 5000

export interface TagsResult {
  /** The time of a call with tags, as a multiple of one without. */
  readonly get: number
  readonly nearGet: number
  readonly set: number
  /** Microseconds of each deletion of the tag of all items. */
  readonly deletionsUs: readonly number[]
  /** Microseconds of each deletion of the tag of a hundredth of them. */
  readonly groupDeletionsUs: readonly number[]
  /** The gets after a deletion that missed, here and in another process. */
  readonly misses: number
}

export async function benchTags(scope: Scope, args: readonly string[]): Promise<void> {
  const options = parseRoundOptions(args, {
    name: 'tags',
    summary: 'Measure what tags cost, and how long the deletion of one takes.',
  })
  printMachine()
  const result = await measureTags(scope, options)
  console.log(`with ${TAGS.length} tags / without: time of a call, as a multiple`)
  console.log(`  get             ${result.get.toFixed(2)}`)
  console.log(`  get, near copy  ${result.nearGet.toFixed(2)}`)
  console.log(`  set             ${result.set.toFixed(2)}`)
  const { deletionsUs, groupDeletionsUs, misses } = result
  console.log('deletion of a tag, us: median (most)')
  printDeletions(options.itemCount, deletionsUs)
  printDeletions(options.itemCount / GROUPS.length, groupDeletionsUs)
  console.log(`  gets that missed afterwards: ${misses} of ${2 * deletionsUs.length}`)
}

function printDeletions(itemCount: number, us: readonly number[]): void {
  const items = `on ${itemCount} items`.padEnd(18)
  console.log(`  ${items}${median(us).toFixed(1)} (${Math.max(...us).toFixed(1)})`)
}

export async function measureTags(scope: Scope, options: RoundOptions): Promise<TagsResult> {
  const directory = memoryDir(scope)
  const open = (name: string, more: Partial<CacheOptions>) => {
    const cache = Cache.open({ name, directory, maxItems: 2 * HOT_KEYS, sweepMs: 0, ...more })
    onEnd(scope, () => cache.destroy())
    return cache
  }
  const far = [open('plain', { near: false }), open('tagged', { near: false })] as const
  const near = [open('near-plain', {}), open('near-tagged', {})] as const
  const keys = Array.from({ length: HOT_KEYS }, (_, i) => `key-${i}`)
  const set = (cache: Cache, options?: SetOptions) => {
    for (const key of keys) cache.set(key, STRING_VALUE, options)
  }
  const get = (cache: Cache) => {
    for (const key of keys) cache.get(key)
  }
  const tagged = { tags: TAGS }
  for (const [plain, other] of [far, near]) {
    set(plain)
    set(other, tagged)
  }
  return {
    set: ratioOf(
      CHUNKS,
      () => set(far[0]),
      () => set(far[1], tagged),
    ),
    get: ratioOf(
      CHUNKS,
      () => get(far[0]),
      () => get(far[1]),
    ),
    nearGet: ratioOf(
      CHUNKS,
      () => get(near[0]),
      () => get(near[1]),
    ),
    ...(await measureDeletions(scope, directory, options)),
  }
}

async function measureDeletions(
  scope: Scope,
  directory: string,
  { itemCount, rounds }: RoundOptions,
): Promise<Pick<TagsResult, 'deletionsUs' | 'groupDeletionsUs' | 'misses'>> {
  const options = { name: 'full', directory, maxItems: itemCount, bitmap: false, blockSize: 160 }
  using cache = Cache.open({ ...options, sweepMs: 0 })
  onEnd(scope, () => cache.destroy())
  const reader = await Child.start<ReaderTask, boolean>(
    scope,
    new URL('./tags-reader.js', import.meta.url),
  )
  const deletionsUs: number[] = []
  const groupDeletionsUs: number[] = []
  let misses = 0
  for (let round = 0; round < rounds; round++) {
    fill(cache, itemCount)
    const key = `key-${itemCount - 1}`
    const wasThere = await reader.ask({ options, key })
    for (let i = 0; i < WARM_DELETIONS; i++) cache.deleteTag('another')
    deletionsUs.push(1000 * timed(() => cache.deleteTag('orders')))
    for (const tag of GROUPS) groupDeletionsUs.push(1000 * timed(() => cache.deleteTag(tag)))
    if (cache.get(key) === undefined) misses++
    if (wasThere && !(await reader.ask({ options, key }))) misses++
  }
  return { deletionsUs, groupDeletionsUs, misses }
}

function fill(cache: Cache, itemCount: number): void {
  for (let i = 0; i < itemCount; i++) {
    const tags = ['orders', GROUPS[i % GROUPS.length]]
    cache.set(`key-${i}`, STRING_VALUE, { tags })
  }
}
