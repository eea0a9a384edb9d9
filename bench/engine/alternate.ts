/** Compares two pieces of work that alternate, so that other load disturbs both alike. */

import { median } from '../../testing/statistics.ts'

/** @returns the median of the times of `other` as multiples of those of `base` */
export function ratioOf(chunks: number, base: () => void, other: () => void): number {
  const ratios: number[] = []
  for (let chunk = 0; chunk < chunks; chunk++) {
    const first = timed(base)
    const second = timed(other)
    if (chunk >= chunks / 4) ratios.push(second / first) // the first ones warm up
  }
  return median(ratios)
}

/** @returns the milliseconds that a piece of work takes */
export function timed(act: () => void): number {
  const startMs = performance.now()
  act()
  return performance.now() - startMs
}
