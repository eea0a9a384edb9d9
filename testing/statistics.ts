/** Measurements, and figures that summarise them. */

/** @returns the middle value, or the mean of the two in the middle; NaN for no values */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  const low = sorted[Math.ceil(middle) - 1] ?? Number.NaN
  const high = sorted[Math.floor(middle)] ?? Number.NaN
  return (low + high) / 2
}

/** @returns the duration of the fastest of several calls, the one that other load disturbed least */
export async function shortestMs(calls: number, act: () => unknown): Promise<number> {
  let shortest = Number.POSITIVE_INFINITY
  for (let call = 0; call < calls; call++) {
    const startMs = performance.now()
    await act()
    shortest = Math.min(shortest, performance.now() - startMs)
  }
  return shortest
}
