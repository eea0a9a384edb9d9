/**
 * Counters: which values are counters, and 64-bit integer arithmetic as in uWSGI's cache, without
 * its faults.
 *
 * Results wrap modulo 2^64. Division truncates toward zero, and division by zero returns zero. The
 * smallest number divided by -1 wraps to itself, while in uWSGI it kills the worker.
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

/** @returns whether a value is a counter: an integer, or 8 bytes that arrived over the network */
export function isCounter(type: number, size: number): boolean {
  return (
    size === COUNTER_SIZE &&
    (type === VALUE_TYPE.integer || type === VALUE_TYPE.bigint || type === VALUE_TYPE.buffer)
  )
}

/** A counter to store, as any of the integer types. */
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
