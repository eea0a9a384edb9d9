/**
 * Every kind of damage to what can be rebuilt from the slots, by name.
 */

import type { PreparedKey } from '../../src/engine/key.ts'
import {
  ADAPTIVE,
  HEAP_ENTRY_SIZE,
  HEAP_LEAD,
  SLOT_STRIDE,
  STATE,
  STATE_OFFSET,
  USE_CLOCK_OFFSET,
} from '../../src/segment/index.ts'
import type { Bench } from '../../testing/segments.ts'

export interface Damage {
  readonly name: string
  /** Matches the sentence of `verify` that reports it; undefined if no check can see it. */
  readonly problem: RegExp | undefined
  readonly needs?: 'lru' | 'adaptive' | 'bitmap'
  apply(bench: Bench): void
}

const scratchKeys = new WeakMap<Bench, PreparedKey>()

/** The slot of `key`, which must be there. */
export function slotOf(bench: Bench, key: string): number {
  const prepared = scratchKeys.get(bench) ?? bench.key(key)
  scratchKeys.set(bench, prepared) // one for all calls: each has room for the longest key
  prepared.prepare(key)
  const slot = bench.parts.table.find(bench.parts.table.bucketOf(prepared.hash), prepared)
  if (slot < 1) throw new Error(`${key} is not there`)
  return slot
}

/** Where a slot begins, in words. */
export function slotWord({ segment }: Bench, slot: number): number {
  return (segment.layout.slotsOffset + (slot - 1) * SLOT_STRIDE) / 4
}

export function stateWord(name: keyof typeof STATE.fields): number {
  return (STATE_OFFSET + STATE.fields[name].offset) / 4
}

export function stateDouble(name: keyof typeof STATE.fields): number {
  return stateWord(name) / 2
}

const bucketOf = (bench: Bench, key: string) => bench.parts.table.bucketOf(bench.key(key).hash)
const setWord =
  (name: keyof typeof STATE.fields, value: number) =>
  ({ segment }: Bench) => {
    segment.words[stateWord(name)] = value
  }
const heapWord = ({ segment }: Bench, entry: number) =>
  (segment.layout.heapOffset + (HEAP_LEAD + entry) * HEAP_ENTRY_SIZE) / 4

/** For a bench that stored the items `a` to `e` and deleted `c`. */
export const DAMAGES: readonly Damage[] = [
  {
    name: 'a bucket that lost its chain',
    problem: /slots were used, but \d are linked/,
    apply: bench => {
      bench.segment.words[bucketOf(bench, 'a') + 1] = 0
    },
  },
  {
    name: 'a bucket that leads out of the table',
    problem: /bucket \d+ leads to slot 4711/,
    apply: bench => {
      bench.segment.words[bucketOf(bench, 'a') + 1] = 4711
    },
  },
  {
    name: 'a chain that loops',
    problem: /slot \d+ is linked twice/,
    apply: bench => {
      const slot = slotOf(bench, 'a')
      bench.segment.words[slotWord(bench, slot) + 1] = slot
    },
  },
  {
    name: 'a slot in the chain of another bucket',
    problem: /where its hash does not belong/,
    apply: bench => {
      const { words } = bench.segment
      const bucket = bucketOf(bench, 'a')
      const wrong = bench.parts.table.bucketAt(bench.parts.table.bucketAt(0) === bucket ? 1 : 0)
      const slot = slotOf(bench, 'a')
      words[bucket + 1] = words[slotWord(bench, slot) + 1] as number
      words[slotWord(bench, slot) + 1] = words[wrong + 1] as number
      words[wrong + 1] = slot
    },
  },
  {
    name: 'an odd version',
    problem: /bucket \d+ has an odd version/,
    apply: bench => bench.parts.table.beginChange(bucketOf(bench, 'a')),
  },
  ...[0, -1, 4711, 0x7fff_ffff].map(slot => ({
    name: `a chain of freed slots that begins at ${slot}`,
    problem: slot === 0 ? /slots were used, but/ : /chain of free slots is broken at slot/,
    apply: setWord('firstFreeSlot', slot),
  })),
  {
    name: 'a chain of freed slots that loops',
    problem: /chain of free slots is broken/,
    apply: bench => {
      const freed = bench.segment.words[stateWord('firstFreeSlot')] as number
      bench.segment.words[slotWord(bench, freed) + 1] = freed
    },
  },
  {
    name: 'a chain of freed slots that holds an item',
    problem: /slot \d+ is free but holds an item/,
    apply: bench => setWord('firstFreeSlot', slotOf(bench, 'a'))(bench),
  },
  ...[-1, 0, 2, 100, 0x7fff_ffff].map(count => ({
    name: `${count} slots said to be used`,
    problem: /slots are said to be used|slots were used|beyond the used/,
    apply: setWord('usedSlotCount', count),
  })),
  ...[-1, 0, 3, 100].map(count => ({
    name: `a count of ${count} items`,
    problem: /items are linked, the count says/,
    apply: setWord('itemCount', count),
  })),
  {
    name: 'a sweep that stands nowhere',
    problem: undefined,
    apply: setWord('sweepSlot', -4711),
  },
  {
    name: 'an earliest expiry that is too late',
    problem: /before the earliest expiry/,
    apply: ({ segment }) => {
      segment.doubles[stateDouble('earliestExpiryAtMs')] = Infinity
      segment.doubles[stateDouble('roundEarliestExpiryAtMs')] = Infinity
    },
  },
  {
    name: 'a block map that is all free',
    problem: /is marked free/,
    needs: 'bitmap',
    apply: ({ segment }) => {
      segment.words[segment.layout.blockMapOffset / 4] = 0
    },
  },
  {
    name: 'a block map that is all used',
    problem: /is marked used but belongs to no slot/,
    needs: 'bitmap',
    apply: ({ segment }) => {
      segment.words[segment.layout.blockMapOffset / 4] = -1
    },
  },
  ...[-1, 0, 5, 0x7fff_ffff].map(count => ({
    name: `a count of ${count} free blocks`,
    problem: /blocks are used and -?\d+ counted free/,
    needs: 'bitmap' as const,
    apply: setWord('freeBlockCount', count),
  })),
  ...[-1, 0x7fff_ffff].map(block => ({
    name: `a search for blocks that begins at ${block}`,
    problem: undefined,
    needs: 'bitmap' as const,
    apply: setWord('nextBlock', block),
  })),
  ...[-1, 0, 0x7fff_ffff].map(size => ({
    name: `an eviction heap of ${size}`,
    problem: /eviction heap/,
    needs: 'lru' as const,
    apply: setWord('heapSize', size),
  })),
  ...[-1, 0, 4711].map(slot => ({
    name: `an eviction heap whose root is slot ${slot}`,
    problem: /the eviction heap names slot/,
    needs: 'lru' as const,
    apply: (bench: Bench) => {
      bench.segment.words[heapWord(bench, 0) + 2] = slot
    },
  })),
  {
    name: 'an eviction heap that has a slot twice',
    problem: /is in the eviction heap twice/,
    needs: 'lru',
    apply: bench => {
      const { words } = bench.segment
      words[heapWord(bench, 1) + 2] = words[heapWord(bench, 0) + 2] as number
    },
  },
  {
    name: 'an eviction heap out of order',
    problem: /the eviction heap is out of order/,
    needs: 'lru',
    apply: bench => {
      bench.segment.doubles[heapWord(bench, 0) / 2] = 1e9
    },
  },
  ...(['smallCount', 'mainCount'] as const).flatMap(name =>
    [-1, 3, 0x7fff_ffff].map(count => ({
      name: `a ${name} of ${count}`,
      problem: /queue has \d+ items, its count says|is in no queue/,
      needs: 'adaptive' as const,
      apply: ({ segment }: Bench) => {
        segment.words[(segment.layout.adaptiveOffset + ADAPTIVE.fields[name].offset) / 4] = count
      },
    })),
  ),
  ...[-1, 0, 4711].flatMap(node =>
    ['older', 'newer'].map((link, word) => ({
      name: `a queue whose link to the ${link} leads to ${node}`,
      problem: /queue has \d+ items, its count says|does not lead back/,
      needs: 'adaptive' as const,
      apply: (bench: Bench) => {
        const { words, layout } = bench.segment
        words[layout.queuesOffset / 4 + slotOf(bench, 'b') * 2 + word] = node
      },
    })),
  ),
  {
    name: 'a slot whose mark says another queue',
    problem: /is in the small queue, its mark says 2/,
    needs: 'adaptive',
    apply: bench => {
      bench.parts.table.setEvictionMark(slotOf(bench, 'b'), 2)
    },
  },
  {
    name: 'a clock of uses that is no number',
    problem: /clock of uses/,
    needs: 'lru',
    apply: ({ segment }) => {
      segment.doubles[USE_CLOCK_OFFSET / 8] = Number.NaN
    },
  },
]
