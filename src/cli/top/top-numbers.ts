/**
 * Numbers in a narrow column: at most five characters up to a thousand trillions.
 */

/** Stands for what is not known. */
export const UNKNOWN_TEXT = '-'

/** `999`, `1.2K`, `12.3K`, `123K`, `1.2M`. */
export function formatCount(count: number | null | undefined): string {
  return format(count, 1000)
}

/** The same in steps of 1024: bytes. */
export function formatSize(size: number | null | undefined): string {
  return format(size, 1024)
}

/** One decimal where there is little: `0.3`, `9.5`, `10`, `1.2K`. */
export function formatRate(perSecond: number | null): string {
  if (perSecond === null) return UNKNOWN_TEXT
  if (perSecond === 0) return '0'
  return perSecond < 9.95 ? perSecond.toFixed(1) : formatCount(Math.round(perSecond))
}

/** `0.0` to `100.0`, without the sign. */
export function formatPercent(ratio: number | null): string {
  return ratio === null ? UNKNOWN_TEXT : (ratio * 100).toFixed(1)
}

const SUFFIXES = ['', 'K', 'M', 'G', 'T']

function format(value: number | null | undefined, step: number): string {
  if (value === null || value === undefined) return UNKNOWN_TEXT
  let rest = value
  let index = 0
  // Half a unit early: 999.6K is shown as 1.0M, not as 1000K.
  while (rest >= (index === 0 ? step : 999.5) && index < SUFFIXES.length - 1) {
    rest /= step
    index++
  }
  if (index === 0) return String(rest)
  return (rest < 99.95 ? rest.toFixed(1) : rest.toFixed(0)) + SUFFIXES[index]
}
