/**
 * Counters: which values are some, and 64-bit integer arithmetic as uWSGI's cache does it, less its
 * faults.
 *
 * Results wrap modulo 2^64. Division cuts toward zero; by zero it gives zero. The smallest number
 * divided by -1 wraps to itself (in uWSGI it kills the worker).
 */

import { COUNTER_SIZE, type CounterOperation, VALUE_TYPE, type ValueSource } from '../base/index.ts'

export function applyOperation(operation: CounterOperation, value: bigint, by: bigint): bigint {
  switch (operation) {
    case 'inc':
      return BigInt.asIntN(64, value + by)
    case 'dec':
      return BigInt.asIntN(64, value - by)
    case 'mul':
      return BigInt.asIntN(64, value * by)
    case 'div':
      return by === 0n ? 0n : BigInt.asIntN(64, value / by)
  }
}

/** Integers are counters, and so are 8 bytes that came over the network. */
export function isCounter(type: number, size: number): boolean {
  return (
    size === COUNTER_SIZE &&
    (type === VALUE_TYPE.integer || type === VALUE_TYPE.bigint || type === VALUE_TYPE.buffer)
  )
}

/** A counter to be stored, as whichever kind of integer. */
export class CounterSource implements ValueSource {
  readonly type: number
  readonly size = COUNTER_SIZE
  readonly #value: bigint

  constructor(type: number, value: bigint) {
    this.type = type
    this.#value = value
  }

  writeTo(target: Buffer, offset: number): void {
    target.writeBigInt64LE(this.#value, offset)
  }
}
