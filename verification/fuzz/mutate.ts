/**
 * Inputs made from valid ones by small changes, some of them where formats are most fragile.
 */

import type { Random } from '../../testing/random.ts'

/** No parser here reads more at once, and longer inputs have found no more faults. */
const MAX_SIZE = 2048

/** Sizes at which parsers typically fail. */
const SIZES = [0, 1, 2, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xfffe, 0xffff]

type Mutation = (input: Buffer, random: Random, seeds: readonly Buffer[]) => Buffer

/** @returns a valid input with one to four changes, or sometimes random bytes */
export function mutate(
  seeds: readonly Buffer[],
  tokens: readonly string[],
  random: Random,
): Buffer {
  if (random.chance(0.02)) return noise(random.below(200), random)
  let input: Buffer = Buffer.from(random.pick(seeds))
  for (let count = 1 + random.below(4); count > 0; count--) {
    const isToken = tokens.length > 0 && random.chance(0.3)
    input = isToken
      ? insert(input, Buffer.from(random.pick(tokens), 'latin1'), random)
      : random.pick(MUTATIONS)(input, random, seeds)
  }
  return input.subarray(0, MAX_SIZE)
}

export function noise(size: number, random: Random): Buffer {
  const bytes = Buffer.allocUnsafe(size)
  for (let at = 0; at < size; at++) bytes[at] = random.below(256)
  return bytes
}

const MUTATIONS: readonly Mutation[] = [
  atByte((input, at, random) => {
    input[at] = input[at] ^ (1 << random.below(8))
  }),
  atByte((input, at, random) => {
    input[at] = random.below(256)
  }),
  atByte((input, at, random) => {
    if (at + 2 <= input.length) input.writeUInt16LE(random.pick(SIZES), at)
  }),
  // A size that is wrong by one is the hardest to notice.
  atByte((input, at, random) => {
    if (at + 2 > input.length) return
    input.writeUInt16LE((input.readUInt16LE(at) + (random.chance(0.5) ? 1 : 0xffff)) & 0xffff, at)
  }),
  (input, random) => input.subarray(0, random.below(input.length + 1)),
  (input, random) => input.subarray(random.below(input.length + 1)),
  (input, random) => insert(input, noise(1 + random.below(8), random), random),
  (input, random) => insert(input, part(input, random), random),
  (input, random) => {
    const start = random.below(input.length + 1)
    return Buffer.concat([input.subarray(0, start), input.subarray(start + 1 + random.below(8))])
  },
  (input, random, seeds) => Buffer.concat([part(input, random), part(random.pick(seeds), random)]),
]

function atByte(change: (input: Buffer, at: number, random: Random) => void): Mutation {
  return (input, random) => {
    const copy = Buffer.from(input)
    if (copy.length > 0) change(copy, random.below(copy.length), random)
    return copy
  }
}

function part(input: Buffer, random: Random): Buffer {
  const start = random.below(input.length + 1)
  return input.subarray(start, start + random.below(input.length - start + 1))
}

function insert(input: Buffer, bytes: Buffer, random: Random): Buffer {
  const at = random.below(input.length + 1)
  return Buffer.concat([input.subarray(0, at), bytes, input.subarray(at)])
}
