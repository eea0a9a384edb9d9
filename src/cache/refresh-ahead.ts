/**
 * Decides when a hit refreshes its item before the item ends.
 *
 * This is XFetch: A. Vattani, F. Chierichetti, K. Lowenstein, "Optimal Probabilistic Cache Stampede
 * Prevention", VLDB 2015. Each reader draws a time from an exponential distribution, and refreshes
 * if the item ends within this time. No reader needs to know of the others, and the more readers an
 * item has, the earlier one of them refreshes. Of all readers that decide to, single-flight lets
 * one load, so here the draw mainly keeps items that end together from being loaded together.
 *
 * The paper takes the mean from the duration of the last load. Here the caller gives the longest
 * time ahead, and the mean is a part of it, so that no item is refreshed before that time.
 */

/** 2 % of the readers refresh at the very begin of the time ahead, and 37 % in its last quarter. */
const MEANS = 4

/**
 * @param leftMs - the milliseconds until the item ends
 * @param random - a random number from 0 up to 1
 */
export function isRefreshDue(
  leftMs: number,
  refreshAheadMs: number,
  random = Math.random(),
): boolean {
  if (leftMs > refreshAheadMs) return false
  return leftMs <= (-Math.log(random) * refreshAheadMs) / MEANS
}
