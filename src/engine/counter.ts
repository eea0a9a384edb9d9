/**
 * 64-bit integer arithmetic as uWSGI's cache does it, less its faults.
 *
 * Results wrap modulo 2^64. Division cuts toward zero; by zero it gives zero. The smallest number
 * divided by -1 wraps to itself (in uWSGI it kills the worker).
 */

import type { CounterOperation } from '../base/index.ts'

/** Bytes of a counter. */
export const COUNTER_SIZE = 8

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
