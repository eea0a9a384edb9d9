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

/** Parses seconds (`60`, `0.5`, `60s`), other units (`500ms`, `5m`, `2h`, `7d`), or `never`. */
export function parseDurationMs(name: string, text: string): number {
  if (text === 'never') return Number.POSITIVE_INFINITY
  const match = /^(\d+(?:\.\d+)?)([a-z]*)$/.exec(text)
  const unitMs = match === null ? undefined : UNITS_MS[match[2] || 's']
  if (match === null || unitMs === undefined)
    throw invalidOption(name, 'seconds such as 60, a duration such as 500ms or 5m, or never', text)
  return Number(match[1]) * unitMs
}

const UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/** Formats a duration in the form that `parseDurationMs` reads. */
export function formatDurationMs(durationMs: number): string {
  return durationMs === Number.POSITIVE_INFINITY ? 'never' : `${Math.ceil(durationMs)}ms`
}
