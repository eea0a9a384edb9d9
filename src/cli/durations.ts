/**
 * Durations as users write them, and as commands print them.
 */

import { invalidOption } from '../base/index.ts'
import { findLast, formatGiven, type OptionSet } from '../uwsgi/options/index.ts'

/** Returns the given `--ttl` as options of a write; without it the cache decides. */
export function readTtl(options: OptionSet): { ttlMs?: number } {
  const given = findLast(options, 'ttl')
  return given === undefined ? {} : { ttlMs: parseDurationMs(formatGiven(given), given.value) }
}

/** Parses seconds (`60`, `0.5`, `60s`), milliseconds (`500ms`), or `never`. */
export function parseDurationMs(name: string, text: string): number {
  if (text === 'never') return Number.POSITIVE_INFINITY
  const match = /^(\d+(?:\.\d+)?)(ms|s)?$/.exec(text)
  if (match === null)
    throw invalidOption(name, 'seconds such as 60, milliseconds such as 500ms, or never', text)
  return Number(match[1]) * (match[2] === 'ms' ? 1 : 1000)
}

/** Formats a duration in the form that `parseDurationMs` reads. */
export function formatDurationMs(durationMs: number): string {
  return durationMs === Number.POSITIVE_INFINITY ? 'never' : `${Math.ceil(durationMs)}ms`
}
