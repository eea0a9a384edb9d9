/**
 * Durations as people write them, and as we write them back.
 */

import { invalidOption } from '../base/index.ts'
import { findLast, formatGiven, type OptionSet } from '../uwsgi/options/index.ts'

/** The `--ttl` given, as the options of a set; none leaves it to the cache. */
export function readTtl(options: OptionSet): { ttlMs?: number } {
  const given = findLast(options, 'ttl')
  return given === undefined ? {} : { ttlMs: parseDurationMs(formatGiven(given), given.value) }
}

/** Reads seconds (`60`, `0.5`, `60s`), milliseconds (`500ms`), or `never`. */
export function parseDurationMs(name: string, text: string): number {
  if (text === 'never') return Number.POSITIVE_INFINITY
  const match = /^(\d+(?:\.\d+)?)(ms|s)?$/.exec(text)
  if (match === null) throw invalidOption(name, 'seconds, or milliseconds as 500ms, or never', text)
  return Number(match[1]) * (match[2] === 'ms' ? 1 : 1000)
}

/** The form that `parseDurationMs` reads. */
export function formatDurationMs(durationMs: number): string {
  return durationMs === Number.POSITIVE_INFINITY ? 'never' : `${Math.ceil(durationMs)}ms`
}
